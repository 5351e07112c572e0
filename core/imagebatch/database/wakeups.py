"""Word of new and changed requests: NOTIFY inside the transactions that change them, LISTEN where work is waited for.

A word may be lost (nobody listened, a connection broke); the sweep finds what it was about.
"""

from __future__ import annotations

import selectors
import time
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from imagebatch.database.engine import translated

if TYPE_CHECKING:
    from psycopg2.extensions import connection as RawConnection  # noqa: N812 - a class in spite of its name
    from sqlalchemy import Connection, Engine

CHANNEL = "imagebatch"


def notify(connection: Connection, request_id: str) -> None:
    """Say a request's id to all who listen, when and if the connection's transaction commits."""
    connection.execute(select(func.pg_notify(CHANNEL, request_id)))


class WakeUps:
    """One listening connection, opened at the first wait and again after it broke. Waits of threads follow in turn."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._lock = Lock()

    def wait(self, timeout_seconds: float) -> list[str]:
        """Return the ids said since the last wait, each once; empty after the timeout. Raises Unavailable."""
        with self._lock, translated():
            try:
                return self._wait(self._listening(), timeout_seconds)
            except BaseException:
                self._drop()
                raise

    def close(self) -> None:
        """Stop listening."""
        with self._lock:
            self._drop()

    def _wait(self, raw: RawConnection, timeout_seconds: float) -> list[str]:
        end = time.monotonic() + timeout_seconds
        with selectors.DefaultSelector() as selector:
            selector.register(raw, selectors.EVENT_READ)
            # What comes may be other than word: a setting that changed, or the first sign that the server is going.
            while not raw.notifies and selector.select(max(0.0, end - time.monotonic())):
                raw.poll()
        said = [notice.payload for notice in raw.notifies]
        raw.notifies.clear()
        return list(dict.fromkeys(said))

    def _listening(self) -> RawConnection:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self._connection.execute(text(f"LISTEN {CHANNEL}"))
        raw: RawConnection = self._connection.connection.driver_connection  # type: ignore[assignment]
        return raw

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
