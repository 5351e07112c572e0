"""Which bytes of a file a request gets: preconditions, ETags and ranges of RFC 9110, sections 13 and 14. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENTITY_TAG = re.compile(r'(?:W/)?"[^"]*"')
_ONE_RANGE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Selection:
    """The answer's status and, for 200 and 206, its bytes: `length` from `offset`."""

    status: int
    offset: int = 0
    length: int = 0


def select(method: str, headers: Mapping[str, str], etag: str, size: int) -> Selection:
    """Return what to answer for a file of `size` bytes with the strong ETag `etag`, quotes included.

    `headers` are the request's, looked up in lower case. Ranges are for GET only (section 14.2). A Range of several
    parts, of another unit or malformed, or of an empty file, is ignored, as the standard allows.
    """
    if "if-match" in headers and not _any_match(headers["if-match"], etag, strong=True):
        return Selection(412)
    if "if-none-match" in headers and _any_match(headers["if-none-match"], etag, strong=False):
        return Selection(304)
    whole = Selection(200, 0, size)
    if method != "GET" or "range" not in headers or headers.get("if-range", etag) != etag:
        return whole
    return _range(headers["range"], size) or whole


def _any_match(field: str, etag: str, *, strong: bool) -> bool:
    if field.strip() == "*":
        return True
    tags = _ENTITY_TAG.findall(field)
    return etag in (tags if strong else [tag.removeprefix("W/") for tag in tags])


def _range(field: str, size: int) -> Selection | None:
    match = _ONE_RANGE.fullmatch(field)
    if match is None or match[1] == match[2] == "" or size == 0:
        return None
    if not match[1]:
        length = min(int(match[2]), size)
        return Selection(206, size - length, length) if length else Selection(416)
    first = int(match[1])
    last = min(int(match[2]), size - 1) if match[2] else size - 1
    if match[2] and int(match[2]) < first:
        return None
    return Selection(206, first, last - first + 1) if first < size else Selection(416)
