"""The request id in a path. Used by every route that names a request."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Path

from imagebatch.model.errors import NotFound

_CANONICAL_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def unknown_request() -> NotFound:
    """Return the error for an id that names no request of the caller, whatever the reason."""
    return NotFound("There is no such request.")


async def request_id_in_path(request_id: Annotated[str, Path(description="Id that the upload answered.")]) -> str:
    """Return the id. Raises NotFound for what can be none, so that it never reaches a query or a key."""
    if not _CANONICAL_UUID.fullmatch(request_id):
        raise unknown_request()
    return request_id


RequestId = Annotated[str, Depends(request_id_in_path)]
