"""One suite for every `Deliveries`: where a webhook stands, sending it anew, and requests that are gone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from support.sample_batches import NOON
from support.stored_batches import Database, accepted, finished

from imagebatch.ports import Delivery, DeliveryAttempt

ALICE = frozenset({"alice"})
LEASE_SECONDS = 60.0
REFUSED = DeliveryAttempt(1, NOON, 10, http_status=500)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def claim(database: Database, seconds: float = 0) -> Delivery:
    found = database.deliveries.claim(after(seconds), LEASE_SECONDS)
    assert found is not None
    return found


def tried(database: Database, seconds: float = 0, *, delivered: bool) -> Delivery:
    """Claim a delivery and try it once; a failed one is given up."""
    delivery = claim(database, seconds)
    attempt = DeliveryAttempt(delivery.attempts + 1, after(seconds), 10, http_status=204 if delivered else 500)
    database.deliveries.record_attempt(delivery, attempt, delivered=delivered)
    return delivery


def test_a_webhook_when_there_is_none_has_no_state_and_is_not_sent_anew(database: Database) -> None:
    request_id = accepted(database)

    assert database.deliveries.state(request_id) is None
    assert not database.deliveries.redeliver(request_id, NOON)


def test_a_webhook_when_it_is_put_off_shows_when_it_is_due(database: Database) -> None:
    request_id = finished(database)
    state = database.deliveries.state(request_id)
    assert state is not None
    assert (state.webhook_id, state.url) == (f"msg_{request_id}", "https://hooks.example/in")
    assert (state.due_at, state.delivered_at, state.given_up_at) == (NOON, None, None)

    database.deliveries.record_attempt(claim(database), REFUSED, delivered=False, due=after(5))
    assert database.deliveries.state(request_id).due_at == after(5)


def test_a_webhook_when_delivered_shows_when(database: Database) -> None:
    request_id = finished(database)
    tried(database, 3, delivered=True)

    state = database.deliveries.state(request_id)
    assert (state.due_at, state.delivered_at, state.given_up_at) == (None, after(3.01), None)


def test_a_webhook_when_given_up_shows_that(database: Database) -> None:
    request_id = finished(database)
    tried(database, delivered=False)

    state = database.deliveries.state(request_id)
    assert (state.due_at, state.delivered_at) == (None, None)
    assert state.given_up_at is not None


@pytest.mark.parametrize("delivered", [True, False])
def test_a_webhook_when_sent_anew_is_due_at_once_and_counts_from_there(database: Database, delivered: bool) -> None:
    request_id = finished(database)
    tried(database, delivered=delivered)
    assert database.deliveries.redeliver(request_id, after(100))

    state = database.deliveries.state(request_id)
    assert (state.due_at, state.delivered_at, state.given_up_at) == (after(100), None, None)
    again = claim(database, 100)
    assert (again.webhook_id, again.attempts, again.attempts_before) == (f"msg_{request_id}", 1, 1)
    assert len(database.deliveries.attempts(request_id)) == 1


def test_a_webhook_when_sent_anew_under_a_claim_waits_for_its_holder(database: Database) -> None:
    request_id = finished(database)
    tried(database, delivered=False)
    database.deliveries.redeliver(request_id, NOON)
    holder = claim(database)
    database.deliveries.redeliver(request_id, after(1))

    assert database.deliveries.claim(after(2), LEASE_SECONDS) is None
    database.deliveries.record_attempt(holder, REFUSED, delivered=False, due=after(300))
    assert database.deliveries.claim(after(299), LEASE_SECONDS) is None


def test_a_webhook_when_its_holder_gives_it_up_after_it_was_sent_anew_stays_due(database: Database) -> None:
    request_id = finished(database)
    database.deliveries.record_attempt(claim(database), REFUSED, delivered=False, due=NOON)
    holder = claim(database)
    database.deliveries.redeliver(request_id, after(1))
    last = DeliveryAttempt(2, NOON, 10, http_status=500)
    database.deliveries.record_attempt(holder, last, delivered=False)

    assert database.deliveries.next_due() == after(1)
    assert claim(database, 1).attempts_before == 1


def test_a_webhook_when_its_first_try_gives_it_up_after_it_was_sent_anew_stays_due(database: Database) -> None:
    request_id = finished(database)
    holder = claim(database)
    assert database.deliveries.redeliver(request_id, after(1))
    database.deliveries.record_attempt(holder, DeliveryAttempt(1, NOON, 10, http_status=410), delivered=False)

    assert database.deliveries.next_due() == after(1)
    again = claim(database, 1)
    assert (again.attempts, again.attempts_before) == (1, 0)
    database.deliveries.record_attempt(again, DeliveryAttempt(2, after(1), 10, http_status=410), delivered=False)
    assert database.deliveries.next_due() is None


def test_a_webhook_when_its_sender_dies_after_it_was_sent_anew_is_given_up_by_the_next_one(database: Database) -> None:
    request_id = finished(database)
    claim(database)
    database.deliveries.redeliver(request_id, after(1))
    holder = claim(database, LEASE_SECONDS)
    database.deliveries.record_attempt(holder, REFUSED, delivered=False)

    assert database.deliveries.next_due() is None


def test_the_webhook_of_a_deleted_request_when_it_is_due_is_not_sent(database: Database) -> None:
    gone, kept = finished(database), finished(database, at=after(1))
    database.deliveries.record_attempt(claim(database), REFUSED, delivered=False, due=NOON)
    database.archive.mark_deleted(gone, ALICE, NOON)

    assert database.deliveries.next_due() == after(1)
    assert claim(database, 9).request_id == kept
    assert database.deliveries.claim(after(9), LEASE_SECONDS) is None
    assert database.deliveries.state(gone) is None
    assert database.deliveries.attempts(gone) == []
    assert not database.deliveries.redeliver(gone, NOON)
