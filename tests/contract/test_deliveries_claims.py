from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from support.sample_batches import NOON, ROWS, delivery_of, end, new_batch, slots

if TYPE_CHECKING:
    from support.stored_batches import Database

    from imagebatch.ports import Delivery

LEASE_SECONDS = 60.0


def _ended(database: Database) -> str:
    batch = new_batch()
    database.batches.accept(batch, ROWS)
    database.batches.finish(batch.request_id, end(delivery_of(batch.request_id)), slots())
    return batch.request_id


def _after(seconds: float) -> object:
    return NOON + timedelta(seconds=seconds)


def _claim(database: Database, seconds: float = 0) -> Delivery | None:
    return database.deliveries.claim(NOON + timedelta(seconds=seconds), LEASE_SECONDS)


def test_a_delivery_when_claimed_is_what_the_end_wrote(database: Database) -> None:
    request_id = _ended(database)

    found = _claim(database)

    assert found is not None
    wanted = delivery_of(request_id)
    assert (found.request_id, found.webhook_id, found.url) == (request_id, wanted.webhook_id, wanted.url)
    assert (found.key_name, found.body, found.attempts) == (wanted.key_name, wanted.body, 0)


def test_an_outbox_when_nothing_is_in_it_gives_no_claim(database: Database) -> None:
    assert _claim(database) is None
    assert database.deliveries.next_due() is None


def test_a_delivery_when_it_is_not_due_yet_gives_no_claim(database: Database) -> None:
    _ended(database)

    assert database.deliveries.next_due() == NOON
    assert _claim(database, -1) is None


def test_a_claim_when_its_lease_runs_is_not_given_again(database: Database) -> None:
    _ended(database)

    assert _claim(database)
    assert _claim(database, LEASE_SECONDS - 1) is None
    assert database.deliveries.next_due() == _after(LEASE_SECONDS)


def test_a_claim_when_its_lease_has_ended_is_given_to_another(database: Database) -> None:
    request_id = _ended(database)
    _claim(database)

    again = _claim(database, LEASE_SECONDS)

    assert again is not None
    assert again.request_id == request_id
