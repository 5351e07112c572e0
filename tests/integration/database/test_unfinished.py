"""The sweep asks which batches are not over yet, over and over: what has ended must cost it nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Engine, event

if TYPE_CHECKING:
    from psycopg2.extensions import connection as RawConnection  # noqa: N812 - a class in spite of its name

    from imagebatch.database.postgres import PostgresDatabase

INDEX = "ix_file_processing_unfinished"


def test_unfinished_when_most_batches_ended_reads_only_the_index_of_the_others(
    database: PostgresDatabase, raw: RawConnection
) -> None:
    asked: list[tuple[str, object]] = []

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        database.batches.unfinished()
    finally:
        event.remove(Engine, "before_cursor_execute", note)

    statement, parameters = asked[-1]
    with raw.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")  # an empty table is never worth an index
        cursor.execute("EXPLAIN " + statement, parameters)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert INDEX in plan
