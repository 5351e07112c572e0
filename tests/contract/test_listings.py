"""One suite for every `Listings`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.sample_batches import NOON, ROWS, RUNNING, end, new_batch, progress, slots
from support.stored_batches import Database, accepted, finished

from imagebatch.model.batch import Status
from imagebatch.model.results import Outcome
from imagebatch.ports import SettledSlot

ALICE = frozenset({"alice"})
PARENT = "0b0e4a3c-3b39-4a39-9d68-0e0a8f6c2f5d"
GOOD = Outcome(
    index=2,
    url="https://img.example/a,b.jpg",
    slots=2,
    name="2.webp",
    attempts=3,
    milliseconds=1_234,
    bytes_in=5_000_000_000,
    bytes_out=80,
    sha256="cd" * 32,
    format_in="JPEG",
    format_out="WebP",
    width_in=10,
    height_in=20,
    width_out=5,
    height_out=10,
    quality=50,
    kept_original=True,
    request_id=PARENT,
)
BAD = Outcome(0, "https://img.example/0.jpg", 1, code="http_404", message="not\tfound", attempts=2, milliseconds=7)
GONE = Outcome(7, "https://img.example/7.jpg", 1, code="timeout", message="timeout")
LINK = f"https://out.example/results/{PARENT}/images/2.webp?t=x"
MANY = [
    SettledSlot(0, 0, GOOD, LINK),
    SettledSlot(0, 1, BAD, None),
    SettledSlot(1, 0, GONE, None),
    SettledSlot(11, 0, GOOD, LINK),
]


def many(database: Database) -> str:
    return finished(database, settled=MANY)


def test_requests_when_listed_are_the_owners_newest_first(database: Database) -> None:
    ids = [accepted(database, accepted_at=NOON + timedelta(minutes=n)) for n in (1, 3, 2)]
    accepted(database, "bob", NOON + timedelta(hours=1))

    found = database.listings.newest(ALICE)
    assert [batch.request_id for batch in found] == [ids[1], ids[2], ids[0]]
    assert found[0] == database.batches.get(ids[1])
    assert len(database.listings.newest(ALICE | {"bob"})) == 4
    assert database.listings.newest(frozenset()) == []


def test_requests_when_listed_page_by_page_come_once_each_though_new_ones_come(database: Database) -> None:
    made = {accepted(database, accepted_at=NOON + timedelta(minutes=n // 3)) for n in range(10)}  # three at a time
    seen: list[str] = []
    before = None
    while page := database.listings.newest(ALICE, before=before, limit=3):
        seen += [batch.request_id for batch in page]
        before = (page[-1].created_at, page[-1].request_id)
        accepted(database, accepted_at=NOON + timedelta(days=1))

    assert len(seen) == len(made)
    assert set(seen) == made


def test_requests_when_listed_by_status_are_only_those(database: Database) -> None:
    waiting, running, done = accepted(database), accepted(database), finished(database)
    database.batches.record_progress(running, RUNNING, progress(1), NOON)

    def listed(*statuses: Status) -> set[str]:
        return {batch.request_id for batch in database.listings.newest(ALICE, frozenset(statuses))}

    assert listed(Status.PENDING) == {waiting}
    assert listed(Status.PROCESSING, Status.COMPLETED) == {running, done}
    assert listed(Status.FAILED) == set()


def test_requests_when_marked_deleted_are_not_listed(database: Database) -> None:
    request_id = finished(database)
    database.archive.mark_deleted(request_id, ALICE, NOON)

    assert database.listings.newest(ALICE) == []
    assert database.listings.slots(request_id) == []
    assert list(database.listings.outcomes(request_id)) == []


def test_slots_when_listed_are_all_that_is_known_in_order(database: Database) -> None:
    assert database.listings.slots(many(database)) == MANY


def test_slots_of_another_request_when_listed_are_not_there(database: Database) -> None:
    many(database)
    request_id = finished(database)
    assert database.listings.slots(request_id) == slots()


@pytest.mark.parametrize(
    ("succeeded", "code", "wanted"),
    [(True, None, [0, 3]), (False, None, [1, 2]), (None, "timeout", [2]), (True, "timeout", []), (None, "x", [])],
)
def test_slots_when_listed_by_their_end_are_only_those(
    database: Database, succeeded: bool | None, code: str | None, wanted: list[int]
) -> None:
    found = database.listings.slots(many(database), succeeded=succeeded, code=code)
    assert found == [MANY[n] for n in wanted]


def test_slots_when_listed_page_by_page_come_once_each(database: Database) -> None:
    request_id = many(database)
    seen: list[SettledSlot] = []
    after = None
    while page := database.listings.slots(request_id, after=after, limit=3):
        seen += page
        after = (page[-1].row, page[-1].position)

    assert seen == MANY


def test_outcomes_of_a_request_when_read_are_one_of_each_image_by_index(database: Database) -> None:
    assert list(database.listings.outcomes(many(database))) == [BAD, GOOD, GONE]


def test_outcomes_when_many_are_read_are_all_there(database: Database) -> None:
    settled = [SettledSlot(n, 0, replace(BAD, index=2_499 - n), None) for n in range(2_500)]
    request_id = finished(database, settled=settled)

    assert [outcome.index for outcome in database.listings.outcomes(request_id)] == list(range(2_500))


def test_outcomes_when_not_read_to_the_end_leave_the_database_usable(database: Database) -> None:
    settled = [SettledSlot(n, 0, replace(BAD, index=n), None) for n in range(2_500)]
    request_id = finished(database, settled=settled)
    reading = database.listings.outcomes(request_id)
    assert next(reading).index == 0
    reading.close()

    assert database.batches.get(request_id).status is Status.COMPLETED


def test_a_request_without_results_when_listed_has_no_slots_and_no_outcomes(database: Database) -> None:
    batch = new_batch()
    database.batches.accept(batch, ROWS)
    assert database.listings.slots(batch.request_id) == []
    database.batches.finish(batch.request_id, replace(end(), has_result=False), [])

    assert database.listings.slots(batch.request_id) == []
    assert list(database.listings.outcomes(batch.request_id)) == []
