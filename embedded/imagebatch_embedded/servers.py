"""What the two local servers share: started as a child, waited for, stopped, their failure told with the log's tail."""

from __future__ import annotations

import secrets
import signal
import time
from abc import ABC, abstractmethod
from threading import Event
from typing import TYPE_CHECKING

from imagebatch.model.errors import Misconfigured
from imagebatch_embedded.processes import Child, Command, log_tail

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POLL_SECONDS = 0.05
STOP_SECONDS = 20.0


class LocalServer(ABC):
    """A server on the loopback that ends with this process. `port` is its main one; `log` what it prints.

    `stop_seconds` is how long it may take to stop before it is killed.
    """

    name: str
    stop_seconds = STOP_SECONDS
    ending = signal.SIGTERM
    port: int

    def __init__(self, log: Path) -> None:
        self.log = log
        self._child: Child | None = None

    @abstractmethod
    def prepare(self) -> Command:
        """Make the data folder ready and return what to run."""

    @abstractmethod
    def ready(self) -> bool:
        """Tell whether the server can be used now."""

    def start(self) -> None:
        """Start the server, from a thread that lives as long as this process. Raises Misconfigured."""
        if self.returncode is None and self._child is not None:
            return
        try:
            self._child = Child(self.prepare(), self.log)
        except OSError as error:
            raise Misconfigured(f"{self.name} cannot be started: {error}") from error

    def wait_ready(self, timeout_seconds: float, stop: Event | None = None) -> None:
        """Return when the server answers. Raises Misconfigured, with the log's tail, if it ends or is too slow.

        `stop`, once set, ends the wait: Misconfigured too.
        """
        stop = stop or Event()
        deadline = time.monotonic() + timeout_seconds
        while not self.ready():
            if self.returncode is not None:
                raise self.failure(f"{self.name} ended with {self.returncode}")
            if time.monotonic() > deadline:
                raise self.failure(f"{self.name} was not ready after {timeout_seconds:g} seconds")
            if stop.wait(POLL_SECONDS):
                raise Misconfigured(f"told to stop while {self.name} was starting")

    def stop(self, grace_seconds: float = 10.0) -> int | None:
        """Stop the server and return its exit code, None if it was never started. May be called again."""
        return None if self._child is None else self._child.stop(grace_seconds, self.ending)

    @property
    def pid(self) -> int | None:
        """The process id, None before the start."""
        return None if self._child is None else self._child.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, None while it runs or before the start."""
        return None if self._child is None else self._child.returncode

    def failure(self, message: str) -> Misconfigured:
        """Return the error that says `message` and shows the end of the log."""
        return Misconfigured(f"{message}; {self.log} ends with:\n{log_tail(self.log)}")


def new_secret() -> str:
    """Return a fresh secret of 192 bits, in hexadecimal."""
    return secrets.token_hex(24)


def kept_secret(file: Path, make: Callable[[], str] = new_secret) -> str:
    """Return the secret in `file`, made at the first call; only its owner may read it."""
    if not file.exists():
        passing = file.with_name(file.name + ".new")
        passing.unlink(missing_ok=True)
        passing.touch(mode=0o600, exist_ok=False)
        passing.write_text(make())
        passing.rename(file)
    return file.read_text().strip()
