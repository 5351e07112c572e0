"""Locks that Postgres holds for a process and gives up when its connection ends. Used by `batches`."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy import exc, func, select

from imagebatch.database.engine import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine


@contextmanager
def advisory_lock(engine: Engine, name: str) -> Iterator[bool]:
    """Hold the lock `name` on a connection of its own; False when another connection holds it. Raises Unavailable.

    `engine` is unpooled: a connection that is closed holds nothing, whatever happened before.
    """
    key = lock_key(name)
    with translated():
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        with translated():
            held = bool(connection.scalar(select(func.pg_try_advisory_lock(key))))
        yield held
        if held:
            # At once, not when the server notices the closed connection. If that broke, the lock is gone already.
            with suppress(exc.DBAPIError):
                connection.scalar(select(func.pg_advisory_unlock(key)))
    finally:
        connection.close()


def lock_key(name: str) -> int:
    """Return the 64-bit key of a lock: the same for a name in every process."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
