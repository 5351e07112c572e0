"""Page tokens: where a list goes on, opaque to clients. Used by the routes that list."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta

from imagebatch.model.errors import InvalidRequest
from imagebatch.model.request_ids import REQUEST_ID_PATTERN

MAX_TOKEN_LENGTH = 200

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_REQUEST = re.compile(rf"([0-9]{{1,16}})\.({REQUEST_ID_PATTERN})")
_SLOT = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})")


def request_token(created_at: datetime, request_id: str) -> str:
    """Return the token of what comes after a request in a list of requests."""
    return _encoded(f"{(created_at - _EPOCH) // _MICROSECOND}.{request_id}")


def request_of(token: str | None) -> tuple[datetime, str] | None:
    """Return creation time and id from a token of `request_token`. Raises InvalidRequest."""
    found = _decoded(token, _REQUEST)
    return None if found is None else (_EPOCH + int(found[1]) * _MICROSECOND, found[2])


def slot_token(row: int, position: int) -> str:
    """Return the token of what comes after a slot in a list of images."""
    return _encoded(f"{row}.{position}")


def slot_of(token: str | None) -> tuple[int, int] | None:
    """Return row and position from a token of `slot_token`. Raises InvalidRequest."""
    found = _decoded(token, _SLOT)
    return None if found is None else (int(found[1]), int(found[2]))


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _decoded(token: str | None, pattern: re.Pattern[str]) -> re.Match[str] | None:
    """Return the match of a token's text; None for no token, and for an empty one, which is the first page."""
    if not token:
        return None
    try:
        text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
    except ValueError:
        text = ""
    found = pattern.fullmatch(text)
    if found is None:
        raise InvalidRequest("The page token is none that a list answered.", code="invalid_page_token")
    return found
