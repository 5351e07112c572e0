from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from support.sample_batches import NOON, QUEUED, ROWS, RUNNING, end, new_batch, progress, slots

from imagebatch.model.batch import Bytes, Counts, Progress, Reason, Status, Verdict
from imagebatch.model.status import ACCEPTED

if TYPE_CHECKING:
    from support.stored_batches import Database

    from imagebatch.model.batch import Batch

LATER = NOON + timedelta(seconds=5)
LAST = NOON + timedelta(seconds=9)
SUSPENDED = Verdict(Status.PROCESSING, Reason.SUSPENDED, "Suspended; 1 of 3 images are done.")
CANCELLING = Verdict(Status.PROCESSING, Reason.CANCELLING, "Waiting for the running shards to stop.")
PUBLISHING = Verdict(Status.PROCESSING, Reason.PUBLISHING, "Writing the output CSV.")


def _accepted(database: Database) -> str:
    batch = new_batch()
    database.batches.accept(batch, ROWS)
    return batch.request_id


def test_progress_when_recorded_is_shown(database: Database) -> None:
    request_id = _accepted(database)
    database.batches.record_progress(request_id, RUNNING, progress(1, 1), LATER)

    found = database.batches.get(request_id)
    assert (found.verdict, found.progress) == (RUNNING, progress(1, 1))
    assert (found.started_at, found.updated_at) == (LATER, LATER)


def test_counts_when_a_lower_look_comes_late_never_go_back(database: Database) -> None:
    request_id = _accepted(database)
    database.batches.record_progress(request_id, RUNNING, progress(2, 1), LATER)
    database.batches.record_progress(request_id, RUNNING, progress(1, 0), LAST)

    assert database.batches.get(request_id).progress == progress(2, 1)


def test_counts_when_two_looks_contradict_never_exceed_the_total(database: Database) -> None:
    request_id = _accepted(database)
    database.batches.record_progress(request_id, RUNNING, progress(1, 2), LATER)
    database.batches.record_progress(request_id, RUNNING, progress(2, 1), LAST)

    assert database.batches.get(request_id).progress.counts == Counts(3, 2, 1)


def test_the_status_when_an_older_look_comes_late_keeps_its_reason_and_message(database: Database) -> None:
    request_id = _accepted(database)
    database.batches.record_progress(request_id, RUNNING, progress(1), LATER)
    database.batches.record_progress(request_id, QUEUED, progress(1), LAST)

    found = database.batches.get(request_id)
    assert (found.verdict, found.started_at) == (RUNNING, LATER)


def test_the_start_when_recorded_again_stays_the_first(database: Database) -> None:
    request_id = _accepted(database)
    database.batches.record_progress(request_id, QUEUED, progress(0), NOON)
    assert database.batches.get(request_id).started_at is None
    database.batches.record_progress(request_id, RUNNING, progress(0), LATER)
    database.batches.record_progress(request_id, RUNNING, progress(1), LAST)

    found = database.batches.get(request_id)
    assert (found.started_at, found.updated_at) == (LATER, LAST)


def test_a_look_with_nothing_new_when_recorded_writes_nothing(database: Database) -> None:
    request_id = _accepted(database)
    database.batches.record_progress(request_id, RUNNING, progress(1), LATER)
    database.batches.record_progress(request_id, RUNNING, progress(1), LAST)

    assert database.batches.get(request_id).updated_at == LATER


def test_a_final_batch_when_progress_comes_late_stays_as_it_ended(database: Database) -> None:
    request_id = _accepted(database)
    database.batches.finish(request_id, end(), slots())
    ended = database.batches.get(request_id)
    database.batches.record_progress(request_id, PUBLISHING, Progress(Counts(3, 3, 0), Bytes(9, 9)), LAST)

    assert database.batches.get(request_id) == ended


def test_batches_without_a_final_status_when_listed_are_oldest_first(database: Database) -> None:
    newer, older, final = new_batch(accepted_at=LATER), new_batch(), new_batch()
    for batch in (newer, older, final):
        database.batches.accept(batch, ROWS)
    database.batches.finish(final.request_id, end(), slots())

    assert database.batches.unfinished() == [older.request_id, newer.request_id]


@pytest.mark.parametrize("before", [None, QUEUED, RUNNING])
def test_a_cancel_when_recorded_is_shown_at_once(database: Database, before: Verdict | None) -> None:
    request_id = _accepted(database)
    if before is not None:
        database.batches.record_progress(request_id, before, progress(1), LATER)
    database.batches.record_cancel(request_id)

    found = database.batches.get(request_id)
    assert (found.intent.cancel, found.verdict) == (True, CANCELLING)
    assert found.started_at == (LATER if before is RUNNING else None)


@pytest.mark.parametrize("late", [ACCEPTED, QUEUED, RUNNING, SUSPENDED])
def test_a_cancel_when_an_older_look_comes_late_is_still_shown_with_the_newer_counts(
    database: Database, late: Verdict
) -> None:
    request_id = _accepted(database)
    database.batches.record_cancel(request_id)
    database.batches.record_progress(request_id, late, progress(1, 1), LATER)

    found = database.batches.get(request_id)
    assert (found.intent.cancel, found.verdict, found.progress) == (True, CANCELLING, progress(1, 1))


def test_a_cancelled_batch_when_it_publishes_shows_that_even_if_it_is_cancelled_again(database: Database) -> None:
    request_id = _accepted(database)
    database.batches.record_cancel(request_id)
    database.batches.record_progress(request_id, PUBLISHING, progress(1), LATER)
    database.batches.record_cancel(request_id)

    found = database.batches.get(request_id)
    assert (found.intent.cancel, found.verdict) == (True, PUBLISHING)


def test_a_cancel_when_the_batch_is_final_changes_nothing(database: Database) -> None:
    request_id = _accepted(database)
    database.batches.finish(request_id, end(), slots())
    ended: Batch = database.batches.get(request_id)
    database.batches.record_cancel(request_id)

    assert database.batches.get(request_id) == ended
