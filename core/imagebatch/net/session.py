"""urllib3's pools over the guarded sockets: no proxy, no cookie, no redirect, no environment variable.

Used by the guarded HTTP client. urllib3 and not requests: a requests session reads the whole body of
a redirect into memory, even with `stream=True` and `allow_redirects=False`.
"""

from __future__ import annotations

import ssl
from functools import partial
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Any

import certifi
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from imagebatch.model.errors import Misconfigured
from imagebatch.net.sockets import DeadlineTlsSocket, Dialler

if TYPE_CHECKING:
    import socket
    from pathlib import Path

    from imagebatch.net.addresses import AddressRules


MOST_INTERIM_ANSWERS = 10


class FinalResponse(HTTPResponse):
    """The answer after those of 1xx, which any server may send unasked (RFC 9110, 15.2); http.client skips only 100."""

    def begin(self) -> None:
        """Read heads up to the final one's end. 101 is final: nobody asked for another protocol."""
        for _ in range(MOST_INTERIM_ANSWERS + 1):
            super().begin()
            if self.status == HTTPStatus.SWITCHING_PROTOCOLS or not 100 <= self.status <= 199:
                return
            self.headers = self.msg = None  # type: ignore[assignment]  # as before the first: `begin` reads the next
        raise HTTPException(f"more than {MOST_INTERIM_ANSWERS} answers of 1xx")


class GuardedHTTPConnection(HTTPConnection):
    """A connection that opens its socket through a `Dialler`; Host stays what the URL says."""

    response_class = FinalResponse

    def __init__(self, *args: Any, dialler: Dialler, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dialler = dialler

    def _new_conn(self) -> socket.socket:
        return self._dialler.dial(self._dns_host, self.port, _seconds(self.timeout))


class GuardedHTTPSConnection(HTTPSConnection):
    """The same under TLS; SNI and the certificate's name stay what the URL says."""

    response_class = FinalResponse

    def __init__(self, *args: Any, dialler: Dialler, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dialler = dialler

    def _new_conn(self) -> socket.socket:
        return self._dialler.dial(self._dns_host, self.port, _seconds(self.timeout))


def guarded_pools(
    rules: AddressRules, *, hosts_kept: int, connections_per_host: int, ca_file: Path | None
) -> PoolManager:
    """Build pools that keep `connections_per_host` idle connections for each of `hosts_kept` origins."""
    dialler = Dialler(rules)
    pools = PoolManager(
        num_pools=hosts_kept, maxsize=connections_per_host, block=False, ssl_context=tls_context(ca_file)
    )
    # urllib3's documented place for pool classes of one's own, per manager.
    classes: Any = {
        "http": partial(_pool, HTTPConnectionPool, partial(GuardedHTTPConnection, dialler=dialler)),
        "https": partial(_pool, HTTPSConnectionPool, partial(GuardedHTTPSConnection, dialler=dialler)),
    }
    pools.pool_classes_by_scheme = classes
    return pools


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Verify against certifi's bundle, and against `ca_file` (PEM) beside it."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.sslsocket_class = DeadlineTlsSocket
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except (OSError, ssl.SSLError) as error:
            raise Misconfigured(f"The CA file {ca_file} cannot be read: {error}.") from error
    return context


def _pool(
    pool_class: type[HTTPConnectionPool], connection: Any, host: str, port: int, **settings: Any
) -> HTTPConnectionPool:
    pool = pool_class(host, port, **settings)
    pool.ConnectionCls = connection
    return pool


def _seconds(timeout: Any) -> float:
    """urllib3 types the timeout loosely; this client always sets a number."""
    return float(timeout)
