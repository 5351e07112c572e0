"""Deletion of a request while a retry of it is made: one of the two happens first, and nothing hangs in the air."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import TYPE_CHECKING

from support.sample_batches import NOON, ROWS
from support.stored_batches import finished, retry_of
from support.waiting import eventually

from imagebatch.model.errors import NotFound
from imagebatch.ports import Deleted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imagebatch.database.postgres import PostgresDatabase
    from imagebatch.ports import ProductRow

ALICE = frozenset({"alice"})
ROUNDS = 25
WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def _accepted(database: PostgresDatabase, parent: str) -> bool:
    try:
        database.batches.accept(retry_of(parent), ROWS)
    except NotFound:
        return False
    return True


def test_a_retry_when_its_parent_is_deleted_at_once_is_made_before_or_not_at_all(
    database: PostgresDatabase, other_database: PostgresDatabase
) -> None:
    def race(parent: str) -> tuple[bool, bool]:
        together = Barrier(2)

        def retry() -> bool:
            together.wait(10)
            return _accepted(database, parent)

        def delete() -> bool:
            together.wait(10)
            other_database.archive.mark_deleted(parent, ALICE, NOON)
            return other_database.archive.remove(parent)

        made, removed = threads.submit(retry), threads.submit(delete)
        return made.result(30), removed.result(30)

    with ThreadPoolExecutor(2) as threads:
        for _ in range(ROUNDS):
            parent = finished(database)
            made, removed = race(parent)
            assert made is not removed
            assert database.archive.known([parent]) == (frozenset() if removed else {parent})


def test_a_deletion_when_a_retry_is_being_written_waits_and_keeps_the_row(
    database: PostgresDatabase, other_database: PostgresDatabase, ask: Callable[..., list]
) -> None:
    parent, held, go_on = finished(database), Event(), Event()

    def slow() -> Iterator[ProductRow]:
        held.set()
        assert go_on.wait(20)
        yield from ROWS

    with ThreadPoolExecutor(2) as threads:
        made = threads.submit(database.batches.accept, retry_of(parent), slow())
        assert held.wait(20)
        marked = threads.submit(other_database.archive.mark_deleted, parent, ALICE, NOON)
        eventually(lambda: ask(WAITING))
        go_on.set()
        made.result(20)
        marked.result(20)

    assert database.archive.deleted() == [Deleted(parent, has_retry=True)]
    assert not database.archive.remove(parent)


def test_a_removal_when_retries_are_tried_at_once_is_done_once_and_no_retry_is_made(
    database: PostgresDatabase, other_database: PostgresDatabase
) -> None:
    with ThreadPoolExecutor(4) as threads:
        for _ in range(ROUNDS):
            parent = finished(database)
            database.archive.mark_deleted(parent, ALICE, NOON)
            together = Barrier(4)

            def remove(part: PostgresDatabase, parent: str = parent, together: Barrier = together) -> bool:
                together.wait(10)
                return part.archive.remove(parent)

            def retry(part: PostgresDatabase, parent: str = parent, together: Barrier = together) -> bool:
                together.wait(10)
                return _accepted(part, parent)

            removals = [threads.submit(remove, part) for part in (database, other_database)]
            retries = [threads.submit(retry, part) for part in (database, other_database)]
            assert sorted(each.result(30) for each in removals) == [False, True]
            assert [each.result(30) for each in retries] == [False, False]
