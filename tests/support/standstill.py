"""A Postgres that is stopped in its tracks, and a clock by which it is soon too long."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

from support.process_tree import signal_tree

if TYPE_CHECKING:
    from imagebatch_embedded.postgres_server import PostgresServer

HASTE = 100  # how many times as fast time passes while the server is surely stopped


class Standstill:
    """Stops every process of a server and has them go on. It is the clock by which the server's silence is measured."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._ahead_seconds = 0.0
        self._stopped_at: float | None = None

    def begin(self) -> None:
        """Stop the server."""
        self._signal(signal.SIGSTOP)
        self._stopped_at = time.monotonic()

    def end(self) -> None:
        """Let the server go on, if it was stopped."""
        self._ahead_seconds, self._stopped_at = self.monotonic() - time.monotonic(), None
        self._signal(signal.SIGCONT)

    def pass_by(self, seconds: float) -> None:
        """Have time pass at once."""
        self._ahead_seconds += seconds

    def monotonic(self) -> float:
        """The machine's clock, ahead of it by what has passed in haste."""
        now, stopped_at = time.monotonic(), self._stopped_at
        return now + self._ahead_seconds + (0.0 if stopped_at is None else HASTE * (now - stopped_at))

    def _signal(self, number: signal.Signals) -> None:
        assert self._server.pid is not None
        signal_tree(self._server.pid, number)
