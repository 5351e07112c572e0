"""One suite for every `Archive`."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from support.sample_batches import NOON, ROWS, end, slots
from support.stored_batches import Database, accepted, finished, retry_of

from imagebatch.model.errors import Conflict, NotFound
from imagebatch.ports import Deleted

ALICE = frozenset({"alice"})
LATER = NOON + timedelta(days=1)


def retried(database: Database) -> tuple[str, str]:
    """A request that ended and a retry of it that has not."""
    parent = finished(database)
    retry = retry_of(parent, LATER)
    database.batches.accept(retry, ROWS)
    return parent, retry.request_id


def ended(database: Database, request_id: str) -> None:
    assert database.batches.finish(request_id, end(finished_at=LATER), slots())


def test_a_request_when_marked_deleted_is_not_found_but_known(database: Database) -> None:
    request_id = finished(database)
    database.archive.mark_deleted(request_id, ALICE, LATER)

    with pytest.raises(NotFound):
        database.batches.get(request_id)
    assert database.archive.deleted() == [Deleted(request_id, has_retry=False)]
    assert database.archive.known([request_id]) == {request_id}


def test_a_request_when_marked_deleted_again_stays_so(database: Database) -> None:
    request_id = finished(database)
    database.archive.mark_deleted(request_id, ALICE, LATER)
    database.archive.mark_deleted(request_id, ALICE, LATER)

    assert database.archive.deleted() == [Deleted(request_id, has_retry=False)]


def test_a_request_when_it_has_not_ended_cannot_be_deleted(database: Database) -> None:
    request_id = accepted(database)

    with pytest.raises(Conflict) as caught:
        database.archive.mark_deleted(request_id, ALICE, LATER)
    assert caught.value.code == "not_final"
    assert database.batches.unfinished() == [request_id]


@pytest.mark.parametrize("owners", [frozenset({"bob"}), frozenset()])
def test_a_request_when_others_delete_it_is_not_found_and_stays(database: Database, owners: frozenset[str]) -> None:
    request_id = finished(database)

    with pytest.raises(NotFound):
        database.archive.mark_deleted(request_id, owners, LATER)
    assert database.batches.get(request_id).request_id == request_id


def test_a_request_when_it_was_removed_cannot_be_deleted(database: Database) -> None:
    request_id = finished(database)
    database.archive.mark_deleted(request_id, ALICE, LATER)
    assert database.archive.remove(request_id)

    with pytest.raises(NotFound):
        database.archive.mark_deleted(request_id, ALICE, LATER)
    assert not database.archive.remove(request_id)
    assert database.archive.known([request_id]) == frozenset()


def test_a_request_when_it_is_not_marked_deleted_is_not_removed(database: Database) -> None:
    request_id = finished(database)

    assert not database.archive.remove(request_id)
    assert database.batches.get(request_id).request_id == request_id


def test_a_parent_when_its_retry_is_there_is_not_removed_before_it(database: Database) -> None:
    parent, retry = retried(database)
    database.archive.mark_deleted(parent, ALICE, LATER)
    assert database.archive.deleted() == [Deleted(parent, has_retry=True)]
    assert not database.archive.remove(parent)

    ended(database, retry)
    database.archive.mark_deleted(retry, ALICE, LATER)
    assert database.archive.deleted() == [Deleted(retry, has_retry=False), Deleted(parent, has_retry=True)]
    assert [database.archive.remove(each) for each in (parent, retry, parent)] == [False, True, True]
    assert database.archive.deleted() == []


def test_a_retry_when_deleted_leaves_its_parent(database: Database) -> None:
    parent, retry = retried(database)
    ended(database, retry)
    database.archive.mark_deleted(retry, ALICE, LATER)
    assert database.archive.remove(retry)

    assert database.batches.get(parent).request_id == parent
    assert database.archive.known([parent, retry]) == {parent}


def test_what_ended_before_a_time_when_it_expires_is_marked_oldest_first(database: Database) -> None:
    middle, oldest, newest = (finished(database, at=NOON + timedelta(days=n)) for n in (1, 0, 2))
    accepted(database, accepted_at=NOON - timedelta(days=9))

    assert set(database.archive.expire(NOON + timedelta(days=2), LATER)) == {oldest, middle}
    assert database.archive.expire(NOON + timedelta(days=2), LATER) == []
    assert database.archive.deleted() == [Deleted(middle, has_retry=False), Deleted(oldest, has_retry=False)]
    assert database.batches.get(newest).request_id == newest


def test_ids_when_asked_for_are_known_if_they_have_a_row(database: Database) -> None:
    request_id = accepted(database)

    assert database.archive.known([]) == frozenset()
    assert database.archive.known([request_id, str(uuid.uuid4()), "images", request_id.upper()]) == {request_id}


def test_an_installation_when_asked_for_its_id_says_the_same_again(database: Database) -> None:
    found = database.archive.installation_id()

    assert str(uuid.UUID(found)) == found
    assert database.archive.installation_id() == found
