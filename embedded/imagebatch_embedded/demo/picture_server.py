"""Serves the sample pictures on the loopback; each is made when it is first asked for."""

from __future__ import annotations

import mimetypes
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from imagebatch.model.errors import Misconfigured
from imagebatch_embedded.demo.catalogue import Sample, samples
from imagebatch_embedded.processes import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLES_PORT = 8001
SOCKET_SECONDS = 30.0
MAKERS = 2


class PictureServer:
    """The samples at http://127.0.0.1:`port`/NAME (0: a free port). Raises Misconfigured when it cannot listen."""

    def __init__(self, port: int = 0, pictures: Mapping[str, Sample] | None = None) -> None:
        self._samples = samples() if pictures is None else pictures
        self._made: dict[str, bytes] = {}
        self._locks = {name: threading.Lock() for name in self._samples}
        try:
            self._server = _Server((LOOPBACK, port), self)
        except OSError as error:
            raise Misconfigured(f"nothing can listen on {LOOPBACK}:{port}: {error.strerror}") from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    @property
    def url(self) -> str:
        """The server's address, without a slash at the end."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    @property
    def allow(self) -> str:
        """This server, and nothing else, as an entry of IMAGEBATCH_FETCH_ALLOW."""
        return f"{LOOPBACK}/32:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        """Start to serve."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def make_all(self) -> None:
        """Make every picture now, so that nobody waits for one later."""
        with ThreadPoolExecutor(MAKERS) as threads:
            for _ in threads.map(self.picture, self._samples):
                pass

    def picture(self, name: str) -> bytes | None:
        """Return a sample's file, None where there is none."""
        sample = self._samples.get(name)
        if sample is None or sample.make is None:
            return None
        with self._locks[name]:
            if name not in self._made:
                self._made[name] = sample.make()
            return self._made[name]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], owner: PictureServer) -> None:
        self.owner = owner
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = SOCKET_SECONDS

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        """Answer with a picture or 404."""
        name = self.path.removeprefix("/")
        picture = self.server.owner.picture(name)
        self.send_response(404 if picture is None else 200)
        self.send_header("Content-Type", mimetypes.guess_type(name)[0] or "application/octet-stream")
        self.send_header("Content-Length", str(len(picture or b"")))
        self.end_headers()
        self.wfile.write(picture or b"")
