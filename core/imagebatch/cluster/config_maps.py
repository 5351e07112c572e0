"""The values of a ConfigMap, text or binary. Pure; called by the registry."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from imagebatch.model.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping


def value_of(found: Mapping[str, Any] | None, name: str, key: str) -> bytes:
    """Return the bytes under a key. Raises NotFound, saying what is missing."""
    if found is None:
        raise NotFound(f"there is no ConfigMap {name!r} in this namespace")
    if key in found.get("data", {}):
        return str(found["data"][key]).encode()
    if key in found.get("binaryData", {}):
        return base64.b64decode(found["binaryData"][key])
    raise NotFound(f"the ConfigMap {name!r} has no key {key!r}")
