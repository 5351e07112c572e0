"""The only place where a socket to the outside is opened: resolve, check every record, connect.

Called by urllib3's connections through `session`.
"""

from __future__ import annotations

import socket
import ssl
import time
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from imagebatch.model.errors import ImageRejected
from imagebatch.net.failures import Transient

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

    from imagebatch.net.addresses import AddressRules

# Family and socket address, as getaddrinfo gives them.
Record = tuple[socket.AddressFamily, tuple[Any, ...]]


class DeadlineSocket(socket.socket):
    """A socket whose timeout bounds the sum of all that follows, not each call.

    With the plain meaning a server that sends one byte now and then is never cut.
    """

    _ends_at: float | None = None

    def settimeout(self, value: float | None, /) -> None:
        """Give all following calls together `value` seconds."""
        self._ends_at = None if value is None else time.monotonic() + value
        super().settimeout(value)

    def recv_into(self, buffer: WriteableBuffer, nbytes: int | None = None, flags: int = 0) -> int:
        """Receive within the time left."""
        self._shorten()
        return super().recv_into(buffer, nbytes or 0, flags)

    def send(self, data: ReadableBuffer, flags: int = 0, /) -> int:
        """Send within the time left."""
        self._shorten()
        return super().send(data, flags)

    def sendall(self, data: ReadableBuffer, flags: int = 0, /) -> None:
        """Send everything within the time left."""
        self._shorten()
        super().sendall(data, flags)

    def _shorten(self) -> None:
        if self._ends_at is None:
            return
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        super().settimeout(left)


class DeadlineTlsSocket(DeadlineSocket, ssl.SSLSocket):
    """The same over TLS; what an `ssl.SSLContext` makes when told so by its `sslsocket_class`."""


class Dialler:
    """Opens connections to checked addresses only."""

    def __init__(self, rules: AddressRules) -> None:
        self._rules = rules

    def dial(self, host: str, port: int, timeout_seconds: float) -> socket.socket:
        """Connect to `host`, trying its addresses in turn within `timeout_seconds`.

        Every record is checked before the first connect, and what was checked is connected to, so a
        name that changes its address in between gains nothing. Raises `ImageRejected`:
        `blocked_address`, `dns_failure`, `connect_failed`.
        """
        ends_at = time.monotonic() + timeout_seconds
        records = resolve(host, port, timeout_seconds)
        for _, sockaddr in records:
            self._rules.check(sockaddr[0], port)
        reason = "no time was left"
        for position, record in enumerate(records):
            share = (ends_at - time.monotonic()) / (len(records) - position)
            if share <= 0:
                break
            try:
                return _connect(record, share, ends_at)
            except OSError as error:
                reason = error.strerror or str(error)
        raise Transient("connect_failed", f"No connection to {host}: {reason}.")


def resolve(host: str, port: int, timeout_seconds: float) -> list[Record]:
    """Return the addresses of `host`, one at least, each once. Raises `dns_failure`."""
    if _is_literal(host):
        return _records(host, port)
    # getaddrinfo knows no timeout and may take a minute, hence the thread.
    answer: SimpleQueue[list[Record] | ImageRejected] = SimpleQueue()

    def ask() -> None:
        try:
            answer.put(_records(host, port))
        except ImageRejected as failure:
            answer.put(failure)

    Thread(target=ask, name="resolve", daemon=True).start()
    try:
        found = answer.get(timeout=timeout_seconds)
    except Empty as error:
        raise Transient("dns_failure", f"The name server did not answer for {host} in time.") from error
    if isinstance(found, ImageRejected):
        raise found
    return found


def _records(host: str, port: int) -> list[Record]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _unresolved(host, error) from error
    if not found:
        raise ImageRejected("dns_failure", f"{host} has no address.")
    return list(dict.fromkeys((family, sockaddr) for family, _, _, _, sockaddr in found))


def _unresolved(host: str, error: Exception) -> ImageRejected:
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return Transient("dns_failure", f"{host} cannot be resolved at the moment.")
    return ImageRejected("dns_failure", f"{host} cannot be resolved.")


def _connect(record: Record, timeout_seconds: float, ends_at: float) -> DeadlineSocket:
    family, sockaddr = record
    connected = DeadlineSocket(family, socket.SOCK_STREAM)
    try:
        connected.settimeout(timeout_seconds)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.connect(sockaddr)
        # A TLS handshake comes next and has what is left of the whole.
        connected.settimeout(max(ends_at - time.monotonic(), 0.001))
    except BaseException:
        connected.close()
        raise
    return connected


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
