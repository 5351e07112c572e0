from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from support.sample_batches import NOON, QUEUED, ROWS, RUNNING, end, new_batch, progress, slots

from imagebatch.model.batch import Bytes, Counts, Progress, Reason, Status, Verdict

if TYPE_CHECKING:
    from imagebatch.database.postgres import PostgresDatabase
    from imagebatch.model.batch import Batch

LATER = NOON + timedelta(seconds=5)
LAST = NOON + timedelta(seconds=9)


def _accepted(database: PostgresDatabase) -> str:
    batch = new_batch()
    database.batches.accept(batch, ROWS)
    return batch.request_id


def test_progress_when_recorded_is_shown(database: PostgresDatabase) -> None:
    request_id = _accepted(database)
    database.batches.record_progress(request_id, RUNNING, progress(1, 1), LATER)

    found = database.batches.get(request_id)
    assert (found.verdict, found.progress) == (RUNNING, progress(1, 1))
    assert (found.started_at, found.updated_at) == (LATER, LATER)


def test_counts_when_a_lower_look_comes_late_never_go_back(database: PostgresDatabase) -> None:
    request_id = _accepted(database)
    database.batches.record_progress(request_id, RUNNING, progress(2, 1), LATER)
    database.batches.record_progress(request_id, RUNNING, progress(1, 0), LAST)

    assert database.batches.get(request_id).progress == progress(2, 1)


def test_counts_when_two_looks_contradict_never_exceed_the_total(database: PostgresDatabase) -> None:
    request_id = _accepted(database)
    database.batches.record_progress(request_id, RUNNING, progress(1, 2), LATER)
    database.batches.record_progress(request_id, RUNNING, progress(2, 1), LAST)

    assert database.batches.get(request_id).progress.counts == Counts(3, 2, 1)


def test_the_status_when_an_older_look_comes_late_keeps_its_reason_and_message(database: PostgresDatabase) -> None:
    request_id = _accepted(database)
    database.batches.record_progress(request_id, RUNNING, progress(1), LATER)
    database.batches.record_progress(request_id, QUEUED, progress(1), LAST)

    found = database.batches.get(request_id)
    assert (found.verdict, found.started_at) == (RUNNING, LATER)


def test_the_start_when_recorded_again_stays_the_first(database: PostgresDatabase) -> None:
    request_id = _accepted(database)
    database.batches.record_progress(request_id, QUEUED, progress(0), NOON)
    assert database.batches.get(request_id).started_at is None
    database.batches.record_progress(request_id, RUNNING, progress(0), LATER)
    database.batches.record_progress(request_id, RUNNING, progress(1), LAST)

    found = database.batches.get(request_id)
    assert (found.started_at, found.updated_at) == (LATER, LAST)


def test_a_look_with_nothing_new_when_recorded_writes_nothing(database: PostgresDatabase) -> None:
    request_id = _accepted(database)
    database.batches.record_progress(request_id, RUNNING, progress(1), LATER)
    database.batches.record_progress(request_id, RUNNING, progress(1), LAST)

    assert database.batches.get(request_id).updated_at == LATER


def test_a_final_batch_when_progress_comes_late_stays_as_it_ended(database: PostgresDatabase) -> None:
    request_id = _accepted(database)
    database.batches.finish(request_id, end(), slots())
    ended = database.batches.get(request_id)
    publishing = Verdict(Status.PROCESSING, Reason.PUBLISHING, "Writing the output CSV.")
    database.batches.record_progress(request_id, publishing, Progress(Counts(3, 3, 0), Bytes(9, 9)), LAST)

    assert database.batches.get(request_id) == ended


def test_batches_without_a_final_status_when_listed_are_oldest_first(database: PostgresDatabase) -> None:
    newer, older, final = new_batch(accepted_at=LATER), new_batch(), new_batch()
    for batch in (newer, older, final):
        database.batches.accept(batch, ROWS)
    database.batches.finish(final.request_id, end(), slots())

    assert database.batches.unfinished() == [older.request_id, newer.request_id]


def test_a_cancel_when_recorded_stays_and_leaves_the_status(database: PostgresDatabase) -> None:
    request_id = _accepted(database)
    database.batches.record_cancel(request_id)
    database.batches.record_cancel(request_id)
    database.batches.record_progress(request_id, RUNNING, progress(1), LATER)

    found = database.batches.get(request_id)
    assert (found.intent.cancel, found.status) == (True, Status.PROCESSING)


def test_a_cancel_when_the_batch_is_final_changes_nothing(database: PostgresDatabase) -> None:
    request_id = _accepted(database)
    database.batches.finish(request_id, end(), slots())
    ended: Batch = database.batches.get(request_id)
    database.batches.record_cancel(request_id)

    assert database.batches.get(request_id) == ended
