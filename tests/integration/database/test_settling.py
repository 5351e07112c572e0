from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from support.sample_batches import ROWS, end, new_batch, slots
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagebatch.database.postgres import PostgresDatabase

LOCK_HOLDERS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"


def test_the_settle_lock_when_held_is_refused_to_another_process(
    database: PostgresDatabase, other_database: PostgresDatabase
) -> None:
    request_id = new_batch().request_id

    with database.batches.settling(request_id) as mine, other_database.batches.settling(request_id) as theirs:
        assert (mine, theirs) == (True, False)


def test_the_settle_lock_when_held_is_refused_to_another_thread_of_the_same_process(database: PostgresDatabase) -> None:
    request_id = new_batch().request_id

    with database.batches.settling(request_id) as first, database.batches.settling(request_id) as second:
        assert (first, second) == (True, False)


def test_settle_locks_of_different_requests_when_held_do_not_meet(database: PostgresDatabase) -> None:
    one, two = new_batch().request_id, new_batch().request_id

    with database.batches.settling(one) as first, database.batches.settling(two) as second:
        assert (first, second) == (True, True)


def test_the_settle_lock_when_let_go_is_free_at_once(
    database: PostgresDatabase, other_database: PostgresDatabase
) -> None:
    request_id = new_batch().request_id
    for part in (database, other_database, database):
        with part.batches.settling(request_id) as mine:
            assert mine


def test_the_settle_lock_when_its_holder_fails_is_free_again(
    database: PostgresDatabase, other_database: PostgresDatabase
) -> None:
    request_id = new_batch().request_id
    with pytest.raises(EOFError), database.batches.settling(request_id):
        raise EOFError

    def free() -> bool:
        with other_database.batches.settling(request_id) as mine:
            return mine

    assert eventually(free)


def test_the_settle_lock_when_its_connection_dies_is_free_and_the_end_is_written_once(
    database: PostgresDatabase, other_database: PostgresDatabase, ask: Callable[..., list]
) -> None:
    batch = new_batch()
    database.batches.accept(batch, ROWS)

    with database.batches.settling(batch.request_id) as mine:
        assert mine
        ask(f"SELECT pg_terminate_backend(pid) FROM ({LOCK_HOLDERS}) AS holders")
        eventually(lambda: ask(LOCK_HOLDERS) == [])
        with other_database.batches.settling(batch.request_id) as theirs:
            assert theirs
            assert other_database.batches.finish(batch.request_id, end(), slots())
        assert not database.batches.finish(batch.request_id, end(), slots())


def test_settle_locks_when_many_are_held_leave_the_pool_to_the_queries(database: PostgresDatabase) -> None:
    with ExitStack() as held:
        for _ in range(20):
            assert held.enter_context(database.batches.settling(new_batch().request_id))
        assert database.batches.unfinished() == []
