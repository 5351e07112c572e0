"""How requests are opened: the address, the API key, and proxies. Used by the other modules of the client."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from imagebatch_cli.errors import WrongUse

CONNECT_SECONDS = 5.0
READ_SECONDS = 60.0
LOOK_SECONDS = 10.0
CONNECTIONS = 16
START_HINT = "Start it on this machine with `imagebatch dev`, or name another one with --url (or IMAGEBATCH_URL)."
_API_KEY = re.compile(r"[\x21-\x7e]{1,1000}")


class ApiKeyAuth(AuthBase):
    """Sends the API key (RFC 6750) to the service and to nobody else: links may lead to other hosts."""

    def __init__(self, api_key: str, url: str) -> None:
        self._api_key = api_key
        self._origin = origin(url)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the key to a request of the service's."""
        if origin(str(request.url)) == self._origin:
            request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request


def new_session(url: str) -> requests.Session:
    """Return a session for the service at `url`."""
    session = requests.Session()
    session.mount("http://", HTTPAdapter(pool_connections=CONNECTIONS, pool_maxsize=CONNECTIONS))
    session.mount("https://", HTTPAdapter(pool_connections=CONNECTIONS, pool_maxsize=CONNECTIONS))
    # A proxy of the environment cannot reach this machine's loopback.
    session.trust_env = not _is_loopback(urlsplit(url).hostname or "")
    return session


def origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def checked_url(url: str) -> str:
    """Return the service's address without a slash at its end. Raises WrongUse."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise WrongUse(f"{url!r} is not the address of a service: it looks like http://127.0.0.1:8000")
    return url.rstrip("/")


def checked_key(api_key: str) -> str:
    """Return an API key. Raises WrongUse, without showing it, when no header can hold it."""
    if not _API_KEY.fullmatch(api_key):
        raise WrongUse("The API key is none: it is one line of visible ASCII characters.")
    return api_key


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
