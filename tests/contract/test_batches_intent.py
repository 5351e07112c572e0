"""One suite for every `Batches`: what people want, how long a batch rested, what declares it, what is refused."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from support.sample_batches import NOON, RUNNING, delivery_of, end, new_batch, progress, slots
from support.stored_batches import Database, accepted, finished

from imagebatch.model.batch import Counts, Intent, Progress, Reason, Resource, Status, Verdict
from imagebatch.model.errors import NotFound
from imagebatch.ports import Deleted, Final

if TYPE_CHECKING:
    from imagebatch.model.batch import Batch

ALICE = frozenset({"alice"})
INVALID = Verdict(Status.FAILED, Reason.INVALID_SOURCE, "There is no ConfigMap.")
PLACE = Resource("shop", "autumn")
UIDS = [str(uuid.uuid4()) for _ in range(2)]


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def want(database: Database, request_id: str, after: float, *, suspend: bool, parallelism: int = 4) -> Batch:
    """Record an intent so many minutes after acceptance and return the batch."""
    database.batches.record_intent(request_id, NOON + minutes(after), suspend=suspend, parallelism=parallelism)
    return database.batches.get(request_id)


def test_an_intent_when_recorded_is_there_and_wakes_who_waits(database: Database) -> None:
    request_id = accepted(database)
    database.batches.wake_ups(0)
    found = want(database, request_id, 1, suspend=True, parallelism=9)

    assert found.intent == Intent(suspend=True, parallelism=9)
    assert (found.suspended_at, found.suspended_seconds) == (NOON + minutes(1), 0)
    assert found.updated_at == NOON + minutes(1)
    assert database.batches.wake_ups(20) == [request_id]


def test_an_intent_when_it_is_there_already_writes_nothing_and_wakes_nobody(database: Database) -> None:
    request_id = accepted(database)
    first = want(database, request_id, 1, suspend=True)
    database.batches.wake_ups(0)

    assert want(database, request_id, 2, suspend=True) == first
    other = accepted(database)
    assert database.batches.wake_ups(20) == [other]


def test_the_time_that_a_batch_rests_is_counted(database: Database) -> None:
    request_id = accepted(database)
    want(database, request_id, 1, suspend=True)
    first = want(database, request_id, 4, suspend=False)
    want(database, request_id, 10, suspend=True)
    second = want(database, request_id, 10.5, suspend=False)

    assert (first.suspended_at, first.suspended_seconds) == (None, 180)
    assert (second.suspended_at, second.suspended_seconds, second.intent.suspend) == (None, 210, False)


def test_the_time_that_a_batch_rests_when_suspended_twice_counts_once_from_the_first(database: Database) -> None:
    request_id = accepted(database)
    want(database, request_id, 1, suspend=True)
    want(database, request_id, 3, suspend=True)
    again = want(database, request_id, 3, suspend=True, parallelism=2)
    assert (again.suspended_at, again.suspended_seconds) == (NOON + minutes(1), 0)

    assert want(database, request_id, 4, suspend=False).suspended_seconds == 180
    assert want(database, request_id, 9, suspend=False, parallelism=3).suspended_seconds == 180


def test_the_time_that_a_batch_rests_by_another_clock_is_never_less_than_nothing(database: Database) -> None:
    request_id = accepted(database)
    want(database, request_id, 2, suspend=True)

    assert want(database, request_id, 1, suspend=False).suspended_seconds == 0


def test_an_intent_when_recorded_leaves_a_cancel_and_what_is_shown(database: Database) -> None:
    request_id = accepted(database)
    database.batches.record_progress(request_id, RUNNING, progress(1), NOON)
    database.batches.record_cancel(request_id)
    before = database.batches.get(request_id)
    found = want(database, request_id, 1, suspend=True)

    assert found.intent == Intent(suspend=True, cancel=True)
    assert (found.verdict, found.progress) == (before.verdict, before.progress)


def test_a_final_batch_when_an_intent_comes_late_stays_as_it_ended(database: Database) -> None:
    request_id = finished(database)
    ended = database.batches.get(request_id)
    database.batches.wake_ups(0)

    assert want(database, request_id, 1, suspend=True, parallelism=9) == ended
    other = accepted(database)
    assert database.batches.wake_ups(20) == [other]


def test_a_batch_when_it_ends_while_it_rests_stays_so(database: Database) -> None:
    request_id = accepted(database)
    want(database, request_id, 1, suspend=True)
    assert database.batches.finish(request_id, end(), slots())

    assert want(database, request_id, 9, suspend=False).suspended_at == NOON + minutes(1)


@pytest.mark.parametrize("place", [None, PLACE], ids=["unnamed", "named"])
def test_a_resource_when_recorded_stays_the_first_that_has_a_uid(database: Database, place: Resource | None) -> None:
    batch = replace(new_batch(), resource=place)
    database.batches.accept(batch, [])
    assert database.batches.get(batch.request_id).resource == place

    for uid in UIDS:
        database.batches.record_resource(batch.request_id, replace(PLACE, uid=uid))
        assert database.batches.get(batch.request_id).resource == replace(PLACE, uid=UIDS[0])


def test_a_resource_when_nobody_has_its_request_is_nothing(database: Database) -> None:
    database.batches.record_resource(str(uuid.uuid4()), replace(PLACE, uid=UIDS[0]))


def refused(database: Database) -> str:
    """Refuse a request with a receiver and return its id."""
    batch = replace(new_batch(total_slots=0), resource=replace(PLACE, uid=UIDS[0]), source_sha256="")
    final = Final(INVALID, Progress(Counts(0)), False, NOON, delivery_of(batch.request_id))
    database.batches.refuse(batch, final)
    later = replace(final, verdict=replace(INVALID, message="Another."), finished_at=NOON + minutes(5))
    database.batches.refuse(replace(batch, owner="bob"), later)
    return batch.request_id


def test_a_request_when_refused_has_ended_at_once_and_refused_again_stays_so(database: Database) -> None:
    database.batches.wake_ups(0)
    request_id = refused(database)
    assert database.batches.wake_ups(20) == [request_id]

    found = database.batches.get(request_id)
    assert (found.verdict, found.owner, found.finished_at) == (INVALID, "alice", NOON)
    assert (found.progress, found.has_result, found.started_at) == (Progress(Counts(0)), False, None)
    assert found.resource == replace(PLACE, uid=UIDS[0])
    assert database.batches.unfinished() == []
    assert database.listings.slots(request_id) == []


def test_a_request_when_refused_has_its_webhook_put_out_once(database: Database) -> None:
    request_id = refused(database)

    claimed = database.deliveries.claim(NOON, 60)
    assert claimed is not None
    assert (claimed.request_id, claimed.webhook_id) == (request_id, f"msg_{request_id}")
    assert database.deliveries.claim(NOON, 60) is None


def test_a_request_when_it_was_accepted_is_not_refused_any_more(database: Database) -> None:
    request_id = accepted(database)
    before = database.batches.get(request_id)
    batch = replace(new_batch(), request_id=request_id)
    database.batches.refuse(batch, Final(INVALID, Progress(Counts(0)), False, NOON, delivery_of(request_id)))

    assert database.batches.get(request_id) == before
    assert database.deliveries.claim(NOON, 60) is None


def test_a_request_when_deleted_tells_what_declared_it(database: Database) -> None:
    request_id = refused(database)
    database.archive.mark_deleted(request_id, ALICE, NOON)
    assert database.archive.deleted() == [Deleted(request_id, False, replace(PLACE, uid=UIDS[0]))]

    database.archive.remove(request_id)
    with pytest.raises(NotFound):
        database.batches.get(request_id)
