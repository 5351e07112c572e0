"""A threaded HTTP/1.1 server, on 127.0.0.1 by default, that answers as told, well or badly, and records requests."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType


@dataclass(frozen=True)
class Request:
    """One request as received. Header names are lower-case; `connection` numbers the client's connections from 1.

    `received_at` are seconds since the epoch.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int
    client_port: int = 0
    received_at: float = field(default_factory=time.time)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Reply:
    """One answer. Everything after `headers` is for answering badly."""

    body: bytes = b""
    content_type: str = "application/octet-stream"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0  # before the status line
    pause_seconds: float = 0.0  # after each piece of the body
    piece_bytes: int = 65_536
    declared_length: int | None = None  # Content-Length other than the body's
    chunked: bool = False  # Transfer-Encoding: chunked, no Content-Length
    endless: bool = False  # the body over and over, no Content-Length
    hang_up: bool = False  # close the connection without an answer

    @classmethod
    def redirect(cls, location: str, status: int = 302) -> Reply:
        return cls(status=status, headers={"Location": location})

    @classmethod
    def truncated(cls, body: bytes, sent_bytes: int, content_type: str = "image/jpeg") -> Reply:
        """The first bytes of a body, announced whole; then the connection closes."""
        return cls(body[:sent_bytes], content_type, declared_length=len(body))

    @classmethod
    def slow(cls, body: bytes, bytes_per_second: float, content_type: str = "image/jpeg") -> Reply:
        piece_bytes = max(1, int(bytes_per_second / 10))
        return cls(body, content_type, piece_bytes=piece_bytes, pause_seconds=piece_bytes / bytes_per_second)


class LoopbackServer:
    """Answers each request with `answer(request)`. A context manager; `requests` grows as requests arrive."""

    def __init__(self, answer: Callable[[Request], Reply], host: str = "127.0.0.1") -> None:
        self.answer = answer
        self.host = host
        self.requests: list[Request] = []
        self.faults: list[BaseException] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.connections = 0
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def allow(self) -> str:
        """This server as an entry of the settings fetch_allow and webhook_allow."""
        return f"{self.host}/32:{self.port}"

    def url(self, path: str = "/") -> str:
        return f"http://{self.host}:{self.port}/{path.lstrip('/')}"

    @property
    def counts(self) -> Counter[str]:
        """Requests per path, without the query."""
        with self.lock:
            return Counter(request.path for request in self.requests)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening; answers under way are cut."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True
    block_on_close = False

    def __init__(self, owner: LoopbackServer) -> None:
        self.owner = owner
        super().__init__((owner.host, 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients hang up in many tests. Other faults are kept by the handler."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        with self.server.owner.lock:
            self.server.owner.connections += 1
            self.connection_number = self.server.owner.connections

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep quiet."""

    def do_any(self) -> None:
        owner = self.server.owner
        request = self._request()
        with owner.lock:
            owner.requests.append(request)
            owner.in_flight += 1
            owner.most_in_flight = max(owner.most_in_flight, owner.in_flight)
        try:
            self._reply(owner.answer(request))
            self.wfile.flush()
        except OSError:
            self.close_connection = True
        except Exception as error:
            owner.faults.append(error)
            raise
        finally:
            with owner.lock:
                owner.in_flight -= 1

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_any  # noqa: N815 - names of the base class

    def _request(self) -> Request:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, self.path, headers, body, self.connection_number, self.client_address[1])

    def _reply(self, reply: Reply) -> None:
        self.server.owner.stopping.wait(reply.delay_seconds)
        if reply.hang_up:
            self.close_connection = True
            return
        self._send_head(reply)
        if self.command != "HEAD":
            for piece in self._pieces(reply):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if reply.chunked else piece)
            if reply.chunked:
                self.wfile.write(b"0\r\n\r\n")

    def _send_head(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        if reply.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif not reply.endless:
            length = len(reply.body) if reply.declared_length is None else reply.declared_length
            self.send_header("Content-Length", str(length))
            if length != len(reply.body):
                self.close_connection = True
        else:
            self.send_header("Connection", "close")
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _pieces(self, reply: Reply) -> Iterator[bytes]:
        stopping = self.server.owner.stopping
        while True:
            for start in range(0, len(reply.body), reply.piece_bytes):
                yield reply.body[start : start + reply.piece_bytes]
                if reply.pause_seconds:
                    self.wfile.flush()
                    stopping.wait(reply.pause_seconds)
                if stopping.is_set():
                    self.close_connection = True
                    return
            if not reply.endless or not reply.body:
                return
