"""A limit on waiting for a server that neither answers nor closes the connection: one that was stopped, or hangs.

The kernel of such a server acknowledges what it is sent, so that TCP never gives up, and libpq has no limit of its own
(https://www.postgresql.org/docs/current/libpq-connect.html). Used by `engine`.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import contextmanager, nullcontext, suppress
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any

from psycopg2 import extensions

if TYPE_CHECKING:
    from collections.abc import Iterator


class Wait:
    """One call that waits for the server. `since` is None while the wait is for somebody else."""

    def __init__(self, descriptor: int, limit_seconds: float) -> None:
        self.descriptor = descriptor
        self._limit_seconds = limit_seconds
        self._since: float | None = time.monotonic()

    @property
    def overdue(self) -> bool:
        """True once the server has been silent for too long."""
        since = self._since
        return since is not None and time.monotonic() - since > self._limit_seconds

    @contextmanager
    def for_another(self) -> Iterator[None]:
        """Do not count what passes inside; what follows is a wait of its own."""
        self._since = None
        try:
            yield
        finally:
            self._since = time.monotonic()


class SilenceWatch:
    """Cuts connections whose server is silent for longer than a limit; psycopg2 then raises OperationalError.

    Its thread runs from the first wait until `close`.
    """

    def __init__(self, limit_seconds: float, bulk_limit_seconds: float) -> None:
        self.limit_seconds = limit_seconds
        self.bulk_limit_seconds = bulk_limit_seconds
        self._waits: set[Wait] = set()
        self._lock = Lock()
        self._closing = Event()
        self._thread: Thread | None = None

    def connected(self, dsn: str) -> WatchedConnection:
        """Connect; psycopg2's `connection_factory`."""
        connection = WatchedConnection(dsn)
        connection.watch = self
        return connection

    @contextmanager
    def waiting(self, connection: WatchedConnection, limit_seconds: float) -> Iterator[Wait]:
        """Watch over what is done inside, which waits for the connection's server."""
        # A descriptor of our own: libpq may close its own, and the number could be another connection's by then.
        wait = Wait(os.dup(connection.fileno()), limit_seconds)
        with self._lock:
            self._waits.add(wait)
            self._start()
        try:
            yield wait
        finally:
            with self._lock:
                self._waits.remove(wait)
            os.close(wait.descriptor)

    def close(self) -> None:
        """End the thread. The next wait starts it again."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._closing.set()
        if thread is not None:
            thread.join()

    def _start(self) -> None:
        if self._thread is None:
            self._closing = Event()
            self._thread = Thread(target=self._run, args=(self._closing,), name="database-watch", daemon=True)
            self._thread.start()

    def _run(self, closing: Event) -> None:
        while not closing.wait(min(1.0, self.limit_seconds / 4)):
            with self._lock:
                for wait in self._waits:
                    if wait.overdue:
                        _cut(wait.descriptor)


class WatchedConnection(extensions.connection):
    """A connection that a SilenceWatch guards whenever it waits for its server. `bulk` until its transaction ends."""

    watch: SilenceWatch
    bulk = False

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn)
        self.cursor_factory = WatchedCursor

    def waiting(self) -> Any:
        """Return the context in which it waits for its server; of a closed one none comes."""
        if self.closed:
            return nullcontext()
        watch = self.watch
        return watch.waiting(self, watch.bulk_limit_seconds if self.bulk else watch.limit_seconds)

    def commit(self) -> None:
        """Commit."""
        with self.waiting():
            super().commit()
        self.bulk = False

    def rollback(self) -> None:
        """Roll back."""
        self.bulk = False
        with self.waiting():
            super().rollback()


class WatchedCursor(extensions.cursor):
    """A cursor whose calls that may wait for the server, of those that SQLAlchemy and `copying` make, are watched."""

    connection: WatchedConnection

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - psycopg2's name
        """Run a statement."""
        with self.connection.waiting():
            super().execute(query, vars)

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        """Run COPY FROM STDIN. Time that `file` takes is not the server's."""
        with self.connection.waiting() as wait:
            super().copy_expert(sql, _Source(file, wait), size)  # type: ignore[arg-type]  # only `read` is called

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """Return the next rows; with a cursor on the server, of whom they are asked."""
        if self.name is None:
            return super().fetchmany(size)
        with self.connection.waiting():
            return super().fetchmany(size)

    def close(self) -> None:
        """Close the cursor, also on the server."""
        if self.name is None:
            return super().close()
        with self.connection.waiting():
            return super().close()


class _Source:
    """The rows of a COPY; reading them is a wait for their source."""

    def __init__(self, file: Any, wait: Wait) -> None:
        self._file = file
        self._wait = wait

    def read(self, size: int) -> bytes:
        with self._wait.for_another():
            return bytes(self._file.read(size))


def _cut(descriptor: int) -> None:
    """End a connection under whoever waits for it."""
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as shared:
        shared.shutdown(socket.SHUT_RDWR)
