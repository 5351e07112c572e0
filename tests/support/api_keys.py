"""Files of API keys for tests."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_keys(path: Path, **keys: str) -> Path:
    """Write a file of keys: `name="key"` or `name="key:owner,owner"`; return its path."""
    lines = []
    for name, said in keys.items():
        key, _, owners = said.partition(":")
        digest = hashlib.sha256(key.encode()).hexdigest()
        lines.append(f"{name}:{digest}{':' * bool(owners)}{owners}\n")
    path.write_text("".join(lines))
    return path


def bearer(key: str) -> dict[str, str]:
    """Return the header that sends a key."""
    return {"Authorization": f"Bearer {key}"}
