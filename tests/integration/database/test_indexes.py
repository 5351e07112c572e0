"""What is asked over and over reads an index: rows that have nothing to do with it must cost nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Engine, event
from support.sample_batches import NOON

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg2.extensions import connection as RawConnection  # noqa: N812 - a class in spite of its name

    from imagebatch.database.postgres import PostgresDatabase

REQUEST_ID = "0b0e4a3c-3b39-4a39-9d68-0e0a8f6c2f5d"
ASKED = {
    "unfinished": (lambda database: database.batches.unfinished(), "ix_file_processing_unfinished"),
    "newest": (lambda database: database.listings.newest(frozenset({"a"})), "ix_file_processing_owner_created_at"),
    "newest before": (
        lambda database: database.listings.newest(frozenset({"a"}), before=(NOON, REQUEST_ID)),
        "ix_file_processing_owner_created_at",
    ),
    "deleted": (lambda database: database.archive.deleted(), "ix_file_processing_deleted"),
    "retries": (lambda database: database.archive.deleted(), "ix_file_processing_retry_of"),
}


@pytest.mark.parametrize("name", ASKED)
def test_a_question_when_asked_over_and_over_reads_its_index(
    database: PostgresDatabase, raw: RawConnection, name: str
) -> None:
    call, index = ASKED[name]
    plan = _plan(raw, *_statement(lambda: call(database)))
    assert f"{index} " in plan
    assert "Sort Key" not in plan or "Incremental Sort" in plan


def _statement(call: Callable[[], object]) -> tuple[str, object]:
    asked: list[tuple[str, object]] = []

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return asked[-1]


def _plan(raw: RawConnection, statement: str, parameters: object) -> str:
    with raw.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")  # an empty table is not worth an index
        cursor.execute("EXPLAIN " + statement, parameters)
        return "\n".join(line for (line,) in cursor.fetchall())
