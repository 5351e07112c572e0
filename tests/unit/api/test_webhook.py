"""GET /requests/{id}/webhook and POST …/webhook/redeliver."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from fakes.memory_batches import as_accepted
from fakes.memory_deliveries import MemoryDeliveries
from support.sample_batches import NOON, delivery_of, end, new_batch

from imagebatch.ports import DeliveryAttempt

if TYPE_CHECKING:
    from fakes.memory_batches import MemoryBatches
    from support.asgi_client import AsgiClient

URL = "https://hooks.example/in"


@pytest.fixture
def request_id(batches: MemoryBatches) -> str:
    """The id of a request at work with a receiver."""
    new = new_batch("local")
    batches.batches[new.request_id] = as_accepted(new)
    return new.request_id


def try_once(batches: MemoryBatches, status: int, *, delivered: bool, seconds: int = 0) -> None:
    deliveries = MemoryDeliveries.of(batches)
    claimed = deliveries.claim(NOON + timedelta(days=1), 60)
    assert claimed is not None
    tried = DeliveryAttempt(claimed.attempts + 1, NOON + timedelta(seconds=seconds), 85, http_status=status)
    deliveries.record_attempt(claimed, tried, delivered=delivered, due=NOON + timedelta(minutes=5))


def test_webhook_of_a_request_at_work_waits(api: AsgiClient, request_id: str) -> None:
    assert api.get(f"/requests/{request_id}/webhook").json() == {
        "request_id": request_id,
        "webhook_id": f"msg_{request_id}",
        "url": URL,
        "state": "Waiting",
        "due_at": None,
        "attempts": [],
    }


def test_webhook_of_a_retry_shows_the_id_that_its_end_will_send(
    api: AsgiClient, batches: MemoryBatches, request_id: str
) -> None:
    retry = replace(batches.batches[request_id], retry_of="0b0e4a3c-3b39-4a39-9d68-0e0a8f6c2f5d")
    batches.batches[request_id] = retry
    shown = api.get(f"/requests/{request_id}/webhook").json()["webhook_id"]
    assert shown == retry.webhook_id != f"msg_{request_id}"


def test_webhook_in_the_outbox_shows_the_id_that_is_sent(
    api: AsgiClient, batches: MemoryBatches, request_id: str
) -> None:
    batches.finish(request_id, end(replace(delivery_of(request_id), webhook_id="msg_of_an_earlier_version")), [])
    assert api.get(f"/requests/{request_id}/webhook").json()["webhook_id"] == "msg_of_an_earlier_version"


@pytest.mark.parametrize("ended", [False, True])
def test_webhook_of_a_request_without_a_receiver_is_none(
    api: AsgiClient, batches: MemoryBatches, request_id: str, ended: bool
) -> None:
    batch = batches.batches[request_id]
    batches.batches[request_id] = replace(batch, spec=replace(batch.spec, webhook_url=None))
    if ended:
        batches.finish(request_id, end(), [])
    body = api.get(f"/requests/{request_id}/webhook").json()
    assert (body["state"], body["url"], body["webhook_id"], body["attempts"]) == ("None", None, None, [])


def test_webhook_that_failed_is_pending_and_lists_its_tries(
    api: AsgiClient, batches: MemoryBatches, request_id: str
) -> None:
    batches.finish(request_id, end(delivery_of(request_id)), [])
    try_once(batches, 500, delivered=False)
    body = api.get(f"/requests/{request_id}/webhook").json()
    assert (body["state"], body["due_at"]) == ("Pending", "2026-03-04T12:05:00Z")
    assert body["attempts"] == [
        {
            "number": 1,
            "started_at": "2026-03-04T12:00:00Z",
            "milliseconds": 85,
            "http_status": 500,
            "error": None,
        }
    ]


def test_webhook_delivered_is_sent_again_when_asked(api: AsgiClient, batches: MemoryBatches, request_id: str) -> None:
    batches.finish(request_id, end(delivery_of(request_id)), [])
    try_once(batches, 204, delivered=True)
    before = api.get(f"/requests/{request_id}/webhook").json()
    assert (before["state"], before["due_at"]) == ("Delivered", None)
    answer = api.post(f"/requests/{request_id}/webhook/redeliver")
    assert (answer.status_code, answer.json()["state"]) == (202, "Pending")
    assert (answer.json()["webhook_id"], len(answer.json()["attempts"])) == (before["webhook_id"], 1)


def test_webhook_given_up_says_so(api: AsgiClient, batches: MemoryBatches, request_id: str) -> None:
    batches.finish(request_id, end(delivery_of(request_id)), [])
    deliveries = MemoryDeliveries.of(batches)
    claimed = deliveries.claim(NOON, 60)
    assert claimed is not None
    deliveries.record_attempt(claimed, DeliveryAttempt(1, NOON, 85, http_status=410), delivered=False)
    assert api.get(f"/requests/{request_id}/webhook").json()["state"] == "GivenUp"


def test_redeliver_of_what_was_never_to_be_sent_is_409(api: AsgiClient, request_id: str) -> None:
    answer = api.post(f"/requests/{request_id}/webhook/redeliver")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_webhook")
