from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg2.errors
import pytest
from support.sample_batches import ROWS, end, new_batch, slots

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagebatch.database.postgres import PostgresDatabase

NAMES = re.compile(r"(pk|fk|uq|ck|ix)_[a-z_]+|tr_file_processing_guard|alembic_version_pkc")


def test_constraints_and_indexes_when_listed_follow_the_naming_convention(ask: Callable[..., list]) -> None:
    names = [
        name
        for (name,) in ask(
            "SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' "
            "UNION SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"
        )
    ]

    assert len(names) > 15
    assert [name for name in names if not NAMES.fullmatch(name)] == []


@pytest.mark.parametrize("status", ["Pending", "Processing", "Failed"])
def test_a_final_status_when_left_by_hand_is_refused(
    database: PostgresDatabase, ask: Callable[..., list], status: str
) -> None:
    batch = new_batch()
    database.batches.accept(batch, ROWS)
    database.batches.finish(batch.request_id, end(), slots())

    with pytest.raises(psycopg2.errors.CheckViolation):
        ask("UPDATE file_processing SET processing_status = %s", status)


def test_a_status_when_set_back_by_hand_is_refused(database: PostgresDatabase, ask: Callable[..., list]) -> None:
    database.batches.accept(new_batch(), ROWS)
    ask("UPDATE file_processing SET processing_status = 'Processing'")

    with pytest.raises(psycopg2.errors.CheckViolation, match="cannot go from Processing to Pending"):
        ask("UPDATE file_processing SET processing_status = 'Pending'")


def test_a_cancel_when_taken_back_by_hand_is_refused(database: PostgresDatabase, ask: Callable[..., list]) -> None:
    batch = new_batch()
    database.batches.accept(batch, ROWS)
    database.batches.record_cancel(batch.request_id)

    with pytest.raises(psycopg2.errors.CheckViolation, match="cancel"):
        ask("UPDATE file_processing SET cancel = false")


@pytest.mark.parametrize(
    "change",
    [
        "succeeded = 2, failed = 2",
        "failed = -1",
        "processing_status = 'Completed', finished_at = now()",  # with slots still pending
        "processing_status = 'Completed', succeeded = total",  # without its time
        "finished_at = now()",
    ],
)
def test_counts_that_do_not_add_up_when_written_by_hand_are_refused(
    database: PostgresDatabase, ask: Callable[..., list], change: str
) -> None:
    database.batches.accept(new_batch(), ROWS)

    with pytest.raises(psycopg2.errors.CheckViolation):
        ask(f"UPDATE file_processing SET {change}")


def test_an_idempotency_key_when_used_twice_by_an_owner_is_refused(
    database: PostgresDatabase, ask: Callable[..., list]
) -> None:
    ours, theirs, again = new_batch(), new_batch(owner="bob"), new_batch()
    for batch in (ours, theirs, again):
        database.batches.accept(batch, ROWS)
    keyed = "UPDATE file_processing SET idempotency_key = 'k', idempotency_fingerprint = 'f' WHERE request_id = %s"
    ask(keyed, ours.request_id)
    ask(keyed, theirs.request_id)

    with pytest.raises(psycopg2.errors.UniqueViolation, match="uq_file_processing_owner_idempotency_key"):
        ask(keyed, again.request_id)
