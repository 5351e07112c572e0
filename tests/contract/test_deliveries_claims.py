from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from support.sample_batches import NOON, ROWS, delivery_of, end, new_batch, slots

if TYPE_CHECKING:
    from datetime import datetime

    from support.stored_batches import Database

    from imagebatch.ports import Delivery

LEASE_SECONDS = 60.0


def _ended(database: Database, due_at: datetime | None = None) -> str:
    batch = new_batch()
    database.batches.accept(batch, ROWS)
    delivery = replace(delivery_of(batch.request_id), due_at=due_at)
    database.batches.finish(batch.request_id, end(delivery), slots())
    return batch.request_id


def _after(seconds: float) -> datetime:
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


def test_a_delivery_when_its_first_try_is_to_wait_is_due_after_that(database: Database) -> None:
    request_id = _ended(database, _after(60))

    assert database.deliveries.next_due() == _after(60)
    assert database.deliveries.state(request_id).due_at == _after(60)
    assert _claim(database, 59) is None
    assert _claim(database, 60).request_id == request_id


def test_a_delivery_when_asked_for_anew_before_its_first_try_is_due_at_once(database: Database) -> None:
    request_id = _ended(database, _after(60))
    database.deliveries.redeliver(request_id, _after(1))

    assert database.deliveries.next_due() == _after(1)
    assert _claim(database, 1).attempts == 0


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
