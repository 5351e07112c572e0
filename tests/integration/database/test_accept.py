from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from support.sample_batches import NOON, ROWS, new_batch, progress

from imagebatch.model.batch import Intent, Status
from imagebatch.model.errors import NotFound
from imagebatch.model.status import ACCEPTED
from imagebatch.ports import ProductRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imagebatch.database.postgres import PostgresDatabase

HOSTILE = "tab\there\nnewline\r\nback\\slash \\N \\. 'single' \"double\" é 😀 ; DROP TABLE products; --"


def test_a_request_when_accepted_is_read_back_whole(database: PostgresDatabase) -> None:
    batch = new_batch()
    database.batches.accept(batch, ROWS)

    found = database.batches.get(batch.request_id)

    assert (found.request_id, found.owner, found.spec) == (batch.request_id, "alice", batch.spec)
    assert (found.verdict, found.intent) == (ACCEPTED, Intent(parallelism=batch.spec.parallelism))
    assert (found.progress, found.has_result) == (progress(0), False)
    assert (found.created_at, found.updated_at, found.started_at, found.finished_at) == (NOON, NOON, None, None)
    assert found.source_sha256 == batch.source_sha256


def test_rows_of_a_request_when_accepted_are_products(database: PostgresDatabase, ask: Callable[..., list]) -> None:
    database.batches.accept(new_batch(), ROWS)

    assert ask("SELECT row_number, serial_number, product_name, input_image_urls, output_image_urls FROM products") == [
        (0, "1", "Desk lamp", "https://img.example/1.jpg,https://img.example/2.jpg", None),
        (1, "2", "Chair", "https://img.example/1.jpg", None),
    ]


def test_hostile_text_when_copied_is_stored_as_it_is(database: PostgresDatabase, ask: Callable[..., list]) -> None:
    database.batches.accept(new_batch(), [ProductRow(0, HOSTILE, HOSTILE, [HOSTILE]), ProductRow(1, "2", "\\N", [""])])

    assert ask("SELECT serial_number, product_name, input_image_urls FROM products ORDER BY row_number") == [
        (HOSTILE, HOSTILE, HOSTILE),
        ("2", "\\N", ""),
    ]


def test_a_request_when_accepted_again_changes_nothing(database: PostgresDatabase, ask: Callable[..., list]) -> None:
    batch = new_batch()
    database.batches.accept(batch, ROWS)
    database.batches.record_cancel(batch.request_id)
    database.batches.accept(batch, ROWS)

    assert database.batches.get(batch.request_id).intent.cancel
    assert ask("SELECT count(*) FROM products") == [(2,)]


def test_a_request_when_accepted_by_many_at_once_is_there_once(
    database: PostgresDatabase, ask: Callable[..., list]
) -> None:
    batch = new_batch()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: database.batches.accept(batch, ROWS), range(8)))

    assert ask("SELECT count(*) FROM products") == [(2,)]


def test_a_request_when_its_rows_break_off_is_not_there(database: PostgresDatabase) -> None:
    def breaking() -> Iterator[ProductRow]:
        yield ROWS[0]
        raise EOFError("no more")

    batch = new_batch()
    with pytest.raises(EOFError, match="no more"):
        database.batches.accept(batch, breaking())

    with pytest.raises(NotFound):
        database.batches.get(batch.request_id)
    database.batches.accept(batch, ROWS)
    assert database.batches.get(batch.request_id).status is Status.PENDING


@pytest.mark.parametrize(
    ("owners", "found"), [(None, True), ({"alice"}, True), ({"bob", "alice"}, True), ({"bob"}, False)]
)
def test_a_request_when_asked_for_by_owners_is_found_only_by_its_own(
    database: PostgresDatabase, owners: set[str] | None, found: bool
) -> None:
    batch = new_batch()
    database.batches.accept(batch, ROWS)
    allowed = None if owners is None else frozenset(owners)
    if found:
        assert database.batches.get(batch.request_id, allowed).owner == "alice"
    else:
        with pytest.raises(NotFound):
            database.batches.get(batch.request_id, allowed)


def test_a_request_when_marked_deleted_is_not_found(database: PostgresDatabase, ask: Callable[..., list]) -> None:
    batch = new_batch()
    database.batches.accept(batch, ROWS)
    ask("UPDATE file_processing SET deleted_at = now()")

    with pytest.raises(NotFound):
        database.batches.get(batch.request_id)
    assert database.batches.unfinished() == []


def test_fifty_thousand_rows_when_accepted_are_all_there(database: PostgresDatabase, ask: Callable[..., list]) -> None:
    urls = [f"https://img.example/{n}.jpg" for n in range(3)]
    batch = new_batch(total_slots=150_000)
    database.batches.accept(batch, (ProductRow(n, str(n + 1), f"Product {n}", urls) for n in range(50_000)))

    assert ask("SELECT count(*), max(row_number) FROM products") == [(50_000, 49_999)]
