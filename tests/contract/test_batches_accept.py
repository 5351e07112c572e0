"""One suite for every `Batches`: acceptance, keys, retries, locks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from support.sample_batches import DONE, NOON, ROWS, end, new_batch, progress, slots
from support.stored_batches import Database, accepted, finished, retry_of

from imagebatch.model.batch import Bytes, Counts, Progress
from imagebatch.model.errors import Conflict, NotFound
from imagebatch.ports import IdempotencyKey

if TYPE_CHECKING:
    from imagebatch.ports import NewBatch

ALICE = frozenset({"alice"})


def keyed_batch(owner: str = "alice", key: str = "k", fingerprint: str = "f") -> NewBatch:
    return replace(new_batch(owner), idempotency=IdempotencyKey(key, fingerprint))


def test_a_request_with_a_key_when_accepted_is_found_by_it(database: Database) -> None:
    batch = keyed_batch()
    database.batches.accept(batch, ROWS)

    assert database.batches.keyed("alice", "k") == (batch.request_id, "f")
    assert database.batches.keyed("alice", "other") is None
    assert database.batches.keyed("bob", "k") is None


def test_a_key_when_another_request_has_it_is_refused_and_nothing_is_written(database: Database) -> None:
    first, second = keyed_batch(), keyed_batch(fingerprint="g")
    database.batches.accept(first, ROWS)

    with pytest.raises(Conflict) as caught:
        database.batches.accept(second, ROWS)

    assert caught.value.code == "idempotency_key_in_use"
    assert database.batches.keyed("alice", "k") == (first.request_id, "f")
    with pytest.raises(NotFound):
        database.batches.get(second.request_id)


def test_a_key_when_two_owners_use_it_names_a_request_of_each(database: Database) -> None:
    ours, theirs = keyed_batch(), keyed_batch("bob")
    for batch in (ours, theirs):
        database.batches.accept(batch, ROWS)

    assert database.batches.keyed("bob", "k") == (theirs.request_id, "f")


def test_a_request_with_a_key_when_accepted_again_stays_the_one(database: Database) -> None:
    batch = keyed_batch()
    database.batches.accept(batch, ROWS)
    database.batches.accept(batch, ROWS)

    assert database.batches.keyed("alice", "k") == (batch.request_id, "f")


def test_a_key_of_a_request_that_was_deleted_is_kept_as_long_as_its_row(database: Database) -> None:
    batch = keyed_batch()
    database.batches.accept(batch, ROWS)
    database.batches.finish(batch.request_id, end(), slots())
    database.archive.mark_deleted(batch.request_id, ALICE, NOON)
    assert database.batches.keyed("alice", "k") == (batch.request_id, "f")

    database.archive.remove(batch.request_id)
    assert database.batches.keyed("alice", "k") is None


def test_a_key_when_claimed_is_refused_to_others_until_it_is_let_go(database: Database) -> None:
    with database.batches.claiming("alice", "k") as mine, database.batches.claiming("alice", "k") as theirs:
        assert (mine, theirs) == (True, False)
    with database.batches.claiming("alice", "k") as again:
        assert again


@pytest.mark.parametrize("other", [("bob", "k"), ("alice", "l"), ("alicek", ""), ("a", "lice k"), ("alice k", "")])
def test_a_key_when_claimed_is_no_others(database: Database, other: tuple[str, str]) -> None:
    with database.batches.claiming("alice", "k") as mine, database.batches.claiming(*other) as theirs:
        assert (mine, theirs) == (True, True)


def test_a_key_when_its_claimer_fails_is_free_again(database: Database) -> None:
    with pytest.raises(EOFError), database.batches.claiming("alice", "k"):
        raise EOFError

    with database.batches.claiming("alice", "k") as again:
        assert again


def test_a_key_when_twenty_claim_it_at_once_goes_to_one(database: Database) -> None:
    together, claimed = Barrier(20), Barrier(20)

    def claim(_: int) -> bool:
        together.wait(20)
        with database.batches.claiming("alice", "k") as mine:
            claimed.wait(20)  # nobody lets go before everybody asked
            return mine

    with ThreadPoolExecutor(20) as threads:
        assert sorted(threads.map(claim, range(20))) == [False] * 19 + [True]


def test_a_retry_when_accepted_names_its_parent_and_starts_with_what_was_made(database: Database) -> None:
    parent = finished(database)
    kept = Progress(Counts(3, 2), Bytes(200, 80))
    retry = replace(retry_of(parent), progress=kept)
    database.batches.accept(retry, ROWS)

    found = database.batches.get(retry.request_id)
    assert (found.retry_of, found.progress) == (parent, kept)
    assert database.batches.get(parent).retry_of is None


@pytest.mark.parametrize("gone", ["never", "marked", "removed"])
def test_a_retry_when_its_parent_is_not_there_is_not_found_and_not_written(database: Database, gone: str) -> None:
    parent = new_batch().request_id if gone == "never" else finished(database)
    if gone != "never":
        database.archive.mark_deleted(parent, ALICE, NOON)
    if gone == "removed":
        database.archive.remove(parent)
    retry = retry_of(parent)

    with pytest.raises(NotFound):
        database.batches.accept(retry, ROWS)
    assert database.archive.known([retry.request_id]) == frozenset()


def test_a_retry_when_accepted_again_after_its_parent_was_deleted_changes_nothing(database: Database) -> None:
    parent = finished(database)
    retry = retry_of(parent)
    database.batches.accept(retry, ROWS)
    database.archive.mark_deleted(parent, ALICE, NOON)
    database.batches.accept(retry, ROWS)

    assert database.batches.get(retry.request_id).retry_of == parent


def test_what_happens_to_a_request_when_it_is_told_wakes_who_waits(database: Database) -> None:
    database.batches.wake_ups(0)
    request_id = finished(database)
    assert database.batches.wake_ups(20) == [request_id]
    database.deliveries.redeliver(request_id, NOON)
    assert database.batches.wake_ups(20) == [request_id]
    database.archive.mark_deleted(request_id, ALICE, NOON)
    assert database.batches.wake_ups(20) == [request_id]


def test_a_batch_when_finished_again_keeps_its_first_end(database: Database) -> None:
    request_id = accepted(database)
    assert database.batches.finish(request_id, end(), slots())
    assert not database.batches.finish(request_id, end(finished_at=NOON + timedelta(hours=1)), [])

    found = database.batches.get(request_id)
    assert (found.verdict, found.progress, found.finished_at) == (DONE, progress(2, 1), NOON)


def test_a_batch_when_its_end_breaks_the_rules_is_refused_and_not_final(database: Database) -> None:
    request_id = accepted(database)

    with pytest.raises(Conflict):
        database.batches.finish(request_id, end(), [*slots(), slots()[0]])
    with pytest.raises(Conflict):
        database.batches.finish(request_id, replace(end(), progress=progress(1)), slots())
    assert database.batches.unfinished() == [request_id]


def test_the_settle_lock_when_held_is_refused_to_another(database: Database) -> None:
    request_id = accepted(database)
    with database.batches.settling(request_id) as mine, database.batches.settling(request_id) as theirs:
        assert (mine, theirs) == (True, False)
