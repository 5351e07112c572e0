from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from support.sample_batches import NOON, ROWS, delivery_of, end, new_batch, slots

from imagebatch.model.errors import Conflict
from imagebatch.ports import DeliveryAttempt

if TYPE_CHECKING:
    from support.stored_batches import Database

    from imagebatch.ports import Delivery

LEASE_SECONDS = 60.0
REFUSED = DeliveryAttempt(1, NOON, 120, http_status=500)
UNREACHED = DeliveryAttempt(2, NOON + timedelta(seconds=5), 3_000, error="connect_failed")
TAKEN = DeliveryAttempt(3, NOON + timedelta(minutes=5), 80, http_status=204)


@pytest.fixture
def delivery(database: Database) -> Delivery:
    batch = new_batch()
    database.batches.accept(batch, ROWS)
    database.batches.finish(batch.request_id, end(delivery_of(batch.request_id)), slots())
    return _claim(database)


def _claim(database: Database, after_seconds: float = 0) -> Delivery:
    found = database.deliveries.claim(NOON + timedelta(seconds=after_seconds), LEASE_SECONDS)
    assert found is not None
    return found


def test_attempts_when_recorded_are_listed_in_order(database: Database, delivery: Delivery) -> None:
    for attempt in (REFUSED, UNREACHED, TAKEN):
        database.deliveries.record_attempt(delivery, attempt, delivered=attempt is TAKEN, due=NOON)

    assert database.deliveries.attempts(delivery.request_id) == [REFUSED, UNREACHED, TAKEN]


def test_an_attempt_when_told_twice_is_recorded_once(database: Database, delivery: Delivery) -> None:
    database.deliveries.record_attempt(delivery, REFUSED, delivered=False)
    database.deliveries.record_attempt(delivery, REFUSED, delivered=False)

    assert database.deliveries.attempts(delivery.request_id) == [REFUSED]


def test_an_attempt_when_its_request_was_removed_meanwhile_is_refused(database: Database, delivery: Delivery) -> None:
    database.archive.mark_deleted(delivery.request_id, frozenset({"alice"}), NOON)
    assert database.archive.remove(delivery.request_id)

    with pytest.raises(Conflict):
        database.deliveries.record_attempt(delivery, TAKEN, delivered=True)


def test_attempts_of_two_who_held_the_claim_when_recorded_are_both_there(
    database: Database, delivery: Delivery
) -> None:
    late = DeliveryAttempt(1, NOON + timedelta(seconds=70), 10, http_status=204)
    database.deliveries.record_attempt(delivery, REFUSED, delivered=False)
    database.deliveries.record_attempt(delivery, late, delivered=True)

    assert database.deliveries.attempts(delivery.request_id) == [REFUSED, late]


def test_a_delivery_when_delivered_is_never_due_again(database: Database, delivery: Delivery) -> None:
    database.deliveries.record_attempt(delivery, TAKEN, delivered=True)
    database.deliveries.record_attempt(delivery, REFUSED, delivered=False, due=NOON)

    assert database.deliveries.next_due() is None
    assert database.deliveries.claim(NOON + timedelta(days=9), LEASE_SECONDS) is None


def test_a_delivery_when_put_off_is_due_then_with_its_attempts_counted(database: Database, delivery: Delivery) -> None:
    due = NOON + timedelta(seconds=5)
    database.deliveries.record_attempt(delivery, REFUSED, delivered=False, due=due)

    assert database.deliveries.next_due() == due
    assert database.deliveries.claim(NOON, LEASE_SECONDS) is None
    assert _claim(database, 5).attempts == 1


def test_a_delivery_when_given_up_is_never_due_again(database: Database, delivery: Delivery) -> None:
    database.deliveries.record_attempt(delivery, REFUSED, delivered=False)

    assert database.deliveries.next_due() is None
    assert database.deliveries.claim(NOON + timedelta(days=9), LEASE_SECONDS) is None


def test_a_claim_that_was_lost_when_given_back_decides_nothing(database: Database, delivery: Delivery) -> None:
    newer = _claim(database, LEASE_SECONDS)
    database.deliveries.record_attempt(delivery, REFUSED, delivered=False)
    assert database.deliveries.next_due() == newer.leased_until

    database.deliveries.record_attempt(newer, UNREACHED, delivered=False, due=NOON + timedelta(days=1))
    assert database.deliveries.next_due() == NOON + timedelta(days=1)


def test_attempts_of_a_request_without_a_webhook_when_listed_are_none(database: Database) -> None:
    batch = new_batch()
    database.batches.accept(batch, ROWS)

    assert database.deliveries.attempts(batch.request_id) == []
