"""What a URL must look like before anything is resolved. Pure; called for a URL and every redirect.

Stricter than RFC 3986 where two parsers could read two hosts. The address rules decide in the end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import urljoin

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from imagebatch.model.errors import ImageRejected

# Of URLs and redirects alike; how long an uploaded one may be is intake's to say. RFC 9110, 4.1 asks for 8,000 octets.
MAX_URL_CHARACTERS = 8192

_PARTS = re.compile(r"(?s)(https?)://([^/?#\\]*)(.*)", re.IGNORECASE | re.ASCII)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::([0-9]{0,5}))?", re.IGNORECASE | re.ASCII)
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
# A host whose last label is a number is an IPv4 address to a browser and to inet_aton, however it is
# written (WHATWG URL, "ends in a number checker").
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be tried. `host` is ASCII and lower case, without brackets; `url` has no fragment."""

    url: str
    host: str
    port: int


def parse_target(url: str) -> Target:
    """Read an absolute http or https URL.

    Raises `ImageRejected`: `unsupported_scheme` for anything that is no such URL, `blocked_address` for
    user information, ambiguous numeric hosts and impossible ports, `dns_failure` for a host that no
    name server can know.
    """
    if len(url) > MAX_URL_CHARACTERS:
        raise ImageRejected("blocked_address", f"The URL is longer than {MAX_URL_CHARACTERS:,} characters.")
    parts = _PARTS.fullmatch(url)
    if parts is None:
        raise ImageRejected("unsupported_scheme", "Only absolute http and https URLs are fetched.")
    scheme, authority, rest = parts[1].lower(), parts[2], parts[3]
    if rest.startswith("\\") or "@" in authority:
        raise ImageRejected("blocked_address", "URLs with user information or a backslash are not fetched.")
    host, port = _split_authority(authority, _DEFAULT_PORTS[scheme])
    shown = f"[{host}]" if ":" in host else host
    origin = f"{scheme}://{shown}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{shown}:{port}"
    return Target(_joined(origin, rest), host, port)


def resolve_redirect(base_url: str, location: str) -> Target:
    """Read the `Location` of an answer from `base_url`; the same errors as `parse_target`.

    `location` is as `http.client` decodes it; servers write UTF-8 in it (RFC 9110 10.2.2 wants ASCII).
    """
    try:
        written = location.encode("latin-1").decode("utf-8", "replace")
        return parse_target(urljoin(base_url, written))
    except (ValueError, UnicodeError) as error:
        raise ImageRejected("unsupported_scheme", "The redirect leads to what is no URL.") from error


def _split_authority(authority: str, default_port: int) -> tuple[str, int]:
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise ImageRejected("blocked_address", "The host of the URL cannot be read in one way only.")
    port = int(parts[2]) if parts[2] else default_port
    if not 1 <= port <= 65535:
        raise ImageRejected("blocked_address", f"Port {port} does not exist.")
    if parts[1].startswith("["):
        return _ipv6(parts[1][1:-1]), port
    return _host(parts[1]), port


def _ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except AddressValueError as error:
        raise ImageRejected("blocked_address", "The IPv6 address of the URL cannot be read.") from error


def _host(written: str) -> str:
    host = written.lower() if written.isascii() else _ascii_host(written)
    labels = host.removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(host.removesuffix("."))
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ImageRejected("dns_failure", "The host of the URL is no valid name.")
    return host


def _ipv4(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except AddressValueError as error:
        message = "A numeric host must be four decimal numbers without leading zeros."
        raise ImageRejected("blocked_address", message) from error


def _ascii_host(written: str) -> str:
    """Map as browsers do (UTS #46), so that full-width digits and dots are seen for what they are."""
    import idna  # a table of a megabyte that few batches need

    try:
        return idna.encode(written, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise ImageRejected("dns_failure", "The host of the URL is no valid name.") from error


def _joined(origin: str, rest: str) -> str:
    try:
        return parse_url(origin + rest)._replace(fragment=None).url
    except LocationParseError as error:
        raise ImageRejected("unsupported_scheme", "The path of the URL cannot be read.") from error
