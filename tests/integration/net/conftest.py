"""A raw server on the loopback that answers as scripted, and a client that may reach only it."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from imagebatch.net.addresses import parse_rules
from imagebatch.net.http import GuardedHttp

Reply = Callable[[socket.socket], None]


class RawServer:
    """Answers the n-th request with the n-th reply, the last for ever; keeps request heads and the time it took."""

    def __init__(self, wrap: Callable[[socket.socket], socket.socket] | None = None) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.replies: list[Reply] = []
        self.requests: list[bytes] = []
        self.connections = 0
        self._wrap = wrap
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._listener.accept()
                self.connections += 1
                self._open.append(accepted)
                threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        with contextlib.suppress(OSError):
            conversation = self._wrap(accepted) if self._wrap else accepted
            with conversation:
                while head := _head(conversation):
                    self._next_reply(head)(conversation)

    def _next_reply(self, head: bytes) -> Reply:
        with self._lock:
            self.requests.append(head)
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


def _head(conversation: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = conversation.recv(1)
        if not byte:
            return b""
        head += byte
    return head


def reply(status: int, body: bytes = b"", *, close: bool = False, length: int | None = None, **headers: str) -> Reply:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    text = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

    def send(conversation: socket.socket) -> None:
        conversation.sendall(text)
        if close:
            conversation.shutdown(socket.SHUT_RDWR)

    return send


def drip(start: bytes, piece: bytes, pause_seconds: float = 0.05) -> Reply:
    """Send `start`, then `piece` again and again."""

    def send(conversation: socket.socket) -> None:
        conversation.sendall(start)
        with contextlib.suppress(OSError):
            while True:
                conversation.sendall(piece)
                time.sleep(pause_seconds)

    return send


@contextlib.contextmanager
def memory_below(limit_bytes: int) -> Iterator[None]:
    """Measure what Python allocates at its peak inside the block; the scripted server's share is small."""
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        yield
        assert tracemalloc.get_traced_memory()[1] - before < limit_bytes
    finally:
        tracemalloc.stop()


class SystemClock:
    """The machine's clock."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)


@pytest.fixture
def new_server() -> Iterator[Callable[..., RawServer]]:
    with contextlib.ExitStack() as stack:

        def start(*replies: Reply, wrap: Any = None) -> RawServer:
            server = RawServer(wrap)
            server.replies = list(replies)
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture
def new_http() -> Iterator[Callable[..., GuardedHttp]]:
    with contextlib.ExitStack() as stack:

        def build(allowed: str = "127.0.0.0/8:*", **options: Any) -> GuardedHttp:
            client = GuardedHttp(
                parse_rules(allowed),
                clock=SystemClock(),  # type: ignore[arg-type]
                user_agent="ImageBatch/test",
                **options,
            )
            stack.callback(client.close)
            return client

        yield build


@pytest.fixture
def http(new_http: Callable[..., GuardedHttp]) -> GuardedHttp:
    return new_http()


@pytest.fixture(name="reply")
def reply_fixture() -> Any:
    return reply


@pytest.fixture(name="drip")
def drip_fixture() -> Any:
    return drip


@pytest.fixture(name="memory_below")
def memory_below_fixture() -> Any:
    return memory_below
