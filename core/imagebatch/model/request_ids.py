"""What a request id looks like. Used wherever one comes from outside: a path, a page token, a folder of the store."""

from __future__ import annotations

import re

REQUEST_ID_PATTERN = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # a UUID as it is given out, and no other spelling
_REQUEST_ID = re.compile(REQUEST_ID_PATTERN)


def is_request_id(text: str) -> bool:
    """Return whether a text can be the id of a request."""
    return _REQUEST_ID.fullmatch(text) is not None
