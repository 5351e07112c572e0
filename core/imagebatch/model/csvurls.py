"""Lists of URLs in one cell: taking them apart, putting them together, checking each. Used by csvrows and csvout."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from imagebatch.model.csvfaults import CsvCode, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

_PADDING = " \t\r\n,"
_SEPARATOR = re.compile(r",\s*+(?=https?://)", re.IGNORECASE)
_STARTS_AS_URL = re.compile(r"\s*https?://", re.IGNORECASE)
_OTHER_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.\-]*:", re.IGNORECASE)
_OTHER_SCHEME_IN_LIST = re.compile(r",\s*+[a-z][a-z0-9+.\-]*://", re.IGNORECASE)
# What nearly every URL looks like; those with a user, a high port or a second :// are looked at one by one.
_PLAIN = re.compile(
    r"https?://(?:[a-z0-9\-]++\.)*+[a-z0-9\-]*+(?<=[a-z0-9])(?::[1-9][0-9]{0,3})?"
    r"""(?:[/?#][a-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*+)?""",
    re.IGNORECASE | re.ASCII,
)
_NEVER_IN_URL = re.compile(r'[\s\x00-\x20\x7f"<>\\]')
_MAX_PORT = 65_535


def starts_as_url(cell: str) -> bool:
    """Tell whether `http://` or `https://` stands at the start, spaces aside."""
    return _STARTS_AS_URL.match(cell) is not None


def split_urls(cell: str) -> list[str]:
    """Return the URLs of a comma-separated list, without the white space around them and without empty ones.

    A comma separates only when `http://` or `https://` follows, so a URL may hold commas.
    """
    if "," not in cell:
        url = cell.strip()
        return [url] if url else []
    pieces = (piece.strip().strip(_PADDING) for piece in _SEPARATOR.split(cell))
    return [piece for piece in pieces if piece]


def join_slots(output_urls: Sequence[str | None]) -> str:
    """Return the cell with one comma-separated slot for each image; that of a failed one (None) is empty.

    A comma inside a URL that would read as a separator is written `%2C`. `split_slots` reads the cell back.
    """
    return ",".join("" if url is None else _without_separators(url) for url in output_urls)


def split_slots(cell: str) -> list[str | None]:
    """Return the slots of a cell written by `join_slots`; an empty cell is one empty slot."""
    slots: list[str | None] = []
    for piece in _SEPARATOR.split(cell):
        url = piece.rstrip(_PADDING)
        slots.append(url.strip() or None)
        slots.extend([None] * piece.count(",", len(url)))
    return slots


def _without_separators(url: str) -> str:
    body = url.rstrip(",")
    tail = "%2C" * (len(url) - len(body))
    # A run of commas before http:// would read as empty slots, so the whole run is written out.
    return re.sub(r",++(?=https?://)", lambda run: "%2C" * len(run[0]), body, flags=re.IGNORECASE) + tail


def url_fault(url: str, max_length: int) -> tuple[CsvCode, str] | None:
    """Return what is wrong with one URL, as code and sentence; None if nothing is. `max_length` in characters."""
    if len(url) > max_length:
        message = f"The URL {shown(url)} has {len(url):,} characters; {max_length:,} are allowed."
        return CsvCode.URL_TOO_LONG, message
    if _PLAIN.fullmatch(url) and url.find("://", len("https://")) < 0:
        return None
    if not starts_as_url(url):
        return _scheme_fault(url)
    if _OTHER_SCHEME_IN_LIST.search(url):
        return CsvCode.UNSUPPORTED_SCHEME, f"In {shown(url)} a URL begins with neither http:// nor https://."
    if _NEVER_IN_URL.search(url):
        message = f"The URL {shown(url)} has a space or another character that no URL may have inside it."
        return CsvCode.MALFORMED_URL, f"{message} URLs are separated by commas; a space is written %20."
    return None if _has_host(url) else (CsvCode.MALFORMED_URL, f"The URL {shown(url)} has no valid host or port.")


def _scheme_fault(url: str) -> tuple[CsvCode, str]:
    if _OTHER_SCHEME.match(url):
        return CsvCode.UNSUPPORTED_SCHEME, f"The URL {shown(url)} is neither http:// nor https://."
    return CsvCode.MALFORMED_URL, f"{shown(url)} is not a URL; it has to begin with http:// or https://."


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        if host and not host.isascii():
            host.encode("idna")
    except ValueError:  # UnicodeError of the host name is one
        return False
    if not host or (port is not None and not 1 <= port <= _MAX_PORT):
        return False
    return parts.netloc.startswith("[") or "@[" in parts.netloc or all(host.removesuffix(".").split("."))
