"""`python -m imagebatch_api` as a child, for tests of the whole service process."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

START_SECONDS = 30.0
STOP_SECONDS = 30.0
ASK_SECONDS = 60.0


class ApiProcess:
    """The service on `port` of the loopback, with `environment` beside its own. `log` is what it printed."""

    def __init__(self, environment: Mapping[str, str], port: int, log: Path) -> None:
        self.port = port
        self.log = log
        kept = {name: value for name, value in os.environ.items() if not name.startswith("IMAGEBATCH_")}
        self._environment = {**kept, **environment, "IMAGEBATCH_PORT": str(port)}
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def child(self) -> subprocess.Popen[bytes]:
        assert self._child is not None
        return self._child

    def start(self) -> None:
        """Start the child without waiting for it."""
        with self.log.open("wb") as log:
            command = [sys.executable, "-W", "error::ResourceWarning", "-m", "imagebatch_api"]
            self._child = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    def connect(self, timeout_seconds: float = ASK_SECONDS) -> http.client.HTTPConnection:
        """Return a connection, to be opened by its first request."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_seconds)

    def ask(
        self, method: str, path: str, body: bytes = b"", *, timeout_seconds: float = ASK_SECONDS, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers (names in lower case) and body of one answer."""
        connection = self.connect(timeout_seconds)
        try:
            connection.request(method, path, body or None, {k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def peak_bytes(self) -> int:
        """Return the most memory that the child ever had resident (VmHWM)."""
        status = Path(f"/proc/{self.child.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) * 1024

    def stop(self) -> int:
        """Ask the child to end and return its exit code."""
        self.child.send_signal(signal.SIGTERM)
        return self.child.wait(STOP_SECONDS)

    def _answers(self) -> bool:
        assert self.child.poll() is None, self.log.read_text()
        try:
            return self.ask("GET", "/livez")[0] == http.HTTPStatus.OK
        except OSError:
            return False

    def __enter__(self) -> Self:
        self.start()
        eventually(self._answers, START_SECONDS, "the API's start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait(STOP_SECONDS)
