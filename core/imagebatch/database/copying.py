"""Bulk writes by COPY in constant memory. Used by the transactions of `batches`."""

from __future__ import annotations

from io import RawIOBase
from itertools import islice
from typing import TYPE_CHECKING

from psycopg2 import sql
from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from _typeshed import WriteableBuffer as Buffer
    from sqlalchemy import Connection

    from imagebatch.database.tables import Record
    from imagebatch.database.watch import WatchedConnection

CHUNK_BYTES = 256 * 1024
ROWS_AT_ONCE = 512
COPY_MILLISECONDS = 30 * 60 * 1000  # the rows may come from a slow source, such as the object store

# COPY's text format, https://www.postgresql.org/docs/current/sql-copy.html; Postgres text cannot hold NUL.
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\ufffd"})
NULL = "\\N"

Value = str | int | bool | None


def copy_rows(
    connection: Connection, table: type[Record], columns: Sequence[str], rows: Iterable[Sequence[Value]]
) -> None:
    """Append rows within the connection's transaction. What `rows` raises is raised here."""
    stream = RowStream(rows)
    target = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.__tablename__), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    connection.execute(text(f"SET LOCAL statement_timeout = {COPY_MILLISECONDS:d}"))
    raw: WatchedConnection = connection.connection.driver_connection  # type: ignore[assignment]  # whatever was made
    raw.bulk = True
    with raw.cursor() as cursor:
        try:
            cursor.copy_expert(target, stream, CHUNK_BYTES)
        except Exception:
            # psycopg2 tells the server why it cannot go on and raises the server's answer instead of the reason.
            if stream.failure is not None:
                raise stream.failure from None
            raise


class RowStream(RawIOBase):
    """Rows as a file in COPY's text format, read once. `failure` is what the source of the rows raised."""

    def __init__(self, rows: Iterable[Sequence[Value]]) -> None:
        super().__init__()
        self.failure: Exception | None = None
        self._lines = map(_line, rows)
        self._pending = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill `buffer` with the next bytes and return how many, 0 at the end."""
        if not self._pending:
            self._pending = memoryview(self._next_lines())
        target = memoryview(buffer)
        count = min(len(target), len(self._pending))
        target[:count] = self._pending[:count]
        self._pending = self._pending[count:]
        return count

    def _next_lines(self) -> bytes:
        try:
            return "".join(islice(self._lines, ROWS_AT_ONCE)).encode("utf-8", "replace")
        except Exception as error:
            self.failure = error
            raise


def _line(row: Sequence[Value]) -> str:
    return "\t".join(map(_field, row)) + "\n"


def _field(value: Value) -> str:
    if isinstance(value, str):
        return value.translate(ESCAPES)
    return NULL if value is None else str(value)
