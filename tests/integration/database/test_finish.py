from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from support.sample_batches import DONE, NOON, ROWS, delivery_of, end, new_batch, progress, slots

from imagebatch.model.batch import Reason, Status, Verdict
from imagebatch.model.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imagebatch.database.postgres import PostgresDatabase
    from imagebatch.ports import SettledSlot

CANCELLED = Verdict(Status.FAILED, Reason.CANCELLED, "Cancelled; 3 of 3 images are done.")
LATER = NOON + timedelta(minutes=1)


def _accepted(database: PostgresDatabase) -> str:
    batch = new_batch()
    database.batches.accept(batch, ROWS)
    return batch.request_id


def test_a_batch_when_finished_shows_its_end(database: PostgresDatabase) -> None:
    request_id = _accepted(database)

    assert database.batches.finish(request_id, end(finished_at=LATER), slots())
    found = database.batches.get(request_id)
    assert (found.verdict, found.progress, found.has_result) == (DONE, progress(2, 1), True)
    assert (found.finished_at, found.updated_at) == (LATER, LATER)


def test_products_when_finished_have_one_output_slot_for_each_input(
    database: PostgresDatabase, ask: Callable[..., list]
) -> None:
    database.batches.accept(new_batch(), ROWS)
    database.batches.finish(_accepted(database), end(), slots())

    link = "https://out.example/0.jpg?t=x"
    urls = ask("SELECT output_image_urls FROM products ORDER BY file_id, row_number")
    assert urls == [(None,), (None,), (f"{link},",), (link,)]


def test_images_when_finished_are_one_record_for_each_slot(
    database: PostgresDatabase, ask: Callable[..., list]
) -> None:
    database.batches.finish(_accepted(database), end(), slots())

    assert ask(
        "SELECT row_number, position, image_index, code, message, bytes_in, width_in, height_in, kept_original "
        "FROM images ORDER BY 1, 2"
    ) == [
        (0, 0, 0, None, None, 200, 10, None, False),
        (0, 1, 1, "http_404", "not found", None, None, None, False),
        (1, 0, 0, None, None, 200, 10, None, False),
    ]


def test_a_batch_when_finished_again_keeps_its_first_end(database: PostgresDatabase, ask: Callable[..., list]) -> None:
    request_id = _accepted(database)
    database.batches.finish(request_id, end(), slots())

    assert not database.batches.finish(request_id, end(verdict=CANCELLED, finished_at=LATER), slots())
    assert database.batches.get(request_id).verdict == DONE
    assert ask("SELECT count(*) FROM images") == [(3,)]


def test_a_batch_when_two_finish_it_at_once_ends_once(
    database: PostgresDatabase, other_database: PostgresDatabase, ask: Callable[..., list]
) -> None:
    request_id, together = _accepted(database), Barrier(2)

    def finish(part: PostgresDatabase, verdict: Verdict) -> bool:
        together.wait(10)
        return part.batches.finish(request_id, end(delivery_of(request_id), verdict=verdict), slots())

    with ThreadPoolExecutor(2) as threads:
        ended = list(threads.map(finish, (database, other_database), (DONE, CANCELLED)))

    assert sorted(ended) == [False, True]
    assert database.batches.get(request_id).verdict == (DONE if ended[0] else CANCELLED)
    assert ask("SELECT (SELECT count(*) FROM images), (SELECT count(*) FROM webhook_deliveries)") == [(3, 1)]


def test_a_batch_when_its_slots_break_off_is_not_final(database: PostgresDatabase) -> None:
    request_id = _accepted(database)

    def breaking() -> Iterator[SettledSlot]:
        yield slots()[0]
        raise EOFError("the store went away")

    with pytest.raises(EOFError):
        database.batches.finish(request_id, end(delivery_of(request_id)), breaking())

    assert database.batches.get(request_id).status is Status.PENDING
    assert database.deliveries.next_due() is None


def test_a_batch_when_a_slot_comes_twice_is_not_final(database: PostgresDatabase) -> None:
    request_id = _accepted(database)

    with pytest.raises(Conflict):
        database.batches.finish(request_id, end(), [*slots(), slots()[0]])

    assert database.batches.get(request_id).status is Status.PENDING


def test_a_batch_without_slots_when_finished_has_no_result(database: PostgresDatabase) -> None:
    request_id = _accepted(database)
    nothing = replace(end(verdict=CANCELLED), progress=progress(0, 3), has_result=False)

    assert database.batches.finish(request_id, nothing, [])
    assert not database.batches.get(request_id).has_result


def test_a_request_that_is_not_there_when_finished_is_no_end(database: PostgresDatabase) -> None:
    assert not database.batches.finish(new_batch().request_id, end(), slots())
