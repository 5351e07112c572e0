from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from support.sample_batches import ROWS, delivery_of, end, new_batch, slots
from support.waiting import eventually

from imagebatch.model.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imagebatch.database.postgres import PostgresDatabase
    from imagebatch.ports import ProductRow

LISTENING = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' AND datname = current_database()"
LONG_SECONDS = 20.0


def _started(database: PostgresDatabase) -> None:
    assert database.batches.wake_ups(0) == []


def test_an_acceptance_when_committed_wakes_who_waits(
    database: PostgresDatabase, other_database: PostgresDatabase, ask: Callable[..., list]
) -> None:
    batch = new_batch()
    with ThreadPoolExecutor(1) as threads:
        woken = threads.submit(database.batches.wake_ups, LONG_SECONDS)
        eventually(lambda: ask(LISTENING))
        other_database.batches.accept(batch, ROWS)

        assert woken.result(LONG_SECONDS / 2) == [batch.request_id]


def test_words_said_between_two_waits_when_waited_for_are_all_heard_once(
    database: PostgresDatabase, other_database: PostgresDatabase
) -> None:
    _started(database)
    one, two = new_batch(), new_batch()
    other_database.batches.accept(one, ROWS)
    other_database.batches.accept(two, ROWS)
    other_database.batches.record_cancel(one.request_id)

    assert database.batches.wake_ups(LONG_SECONDS) == [one.request_id, two.request_id]
    assert database.batches.wake_ups(0) == []


def test_an_end_when_committed_wakes_who_waits(database: PostgresDatabase, other_database: PostgresDatabase) -> None:
    batch = new_batch()
    other_database.batches.accept(batch, ROWS)
    _started(database)
    other_database.batches.finish(batch.request_id, end(delivery_of(batch.request_id)), slots())

    assert database.batches.wake_ups(LONG_SECONDS) == [batch.request_id]


def test_an_acceptance_when_rolled_back_wakes_nobody(
    database: PostgresDatabase, other_database: PostgresDatabase
) -> None:
    def breaking() -> Iterator[ProductRow]:
        yield ROWS[0]
        raise EOFError

    _started(database)
    with pytest.raises(EOFError):
        other_database.batches.accept(new_batch(), breaking())

    assert database.batches.wake_ups(0.05) == []


def test_a_wait_when_its_connection_dies_is_unavailable_and_the_next_listens_again(
    database: PostgresDatabase, other_database: PostgresDatabase, ask: Callable[..., list]
) -> None:
    _started(database)
    ask(f"SELECT pg_terminate_backend(pid) FROM ({LISTENING}) AS listeners")
    with pytest.raises(Unavailable):
        database.batches.wake_ups(LONG_SECONDS)

    _started(database)
    batch = new_batch()
    other_database.batches.accept(batch, ROWS)
    assert database.batches.wake_ups(LONG_SECONDS) == [batch.request_id]
