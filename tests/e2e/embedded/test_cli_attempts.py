"""`webhook attempts` and `webhook redeliver` against a running service."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support import pictures
from support.command_line import imagebatch
from support.image_server import ImageServer
from support.service import Service, csv_of
from support.waiting import eventually
from support.webhook_receiver import WebhookReceiver

from imagebatch_embedded.supervisor import Installation


@pytest.fixture
def settings(installation: Installation) -> dict[str, str]:
    return {"IMAGEBATCH_URL": installation.api_url}


@pytest.fixture
def csv(image_source: ImageServer) -> bytes:
    return csv_of([[image_source.add("/photo.jpg", pictures.jpeg())]])


def delivered(request_id: str, attempts: int, settings: dict[str, str]) -> dict[str, Any]:
    """Wait until a webhook was delivered with so many attempts, and return what the command prints."""

    def look() -> dict[str, Any] | None:
        webhook = json.loads(imagebatch("webhook", "attempts", request_id, "-o", "json", settings=settings).stdout)
        done = webhook["state"] == "Delivered" and len(webhook["attempts"]) == attempts
        return dict(webhook) if done else None

    return eventually(look, 60, f"{attempts} attempts") or {}


def test_attempts_when_the_webhook_was_sent_lists_it(
    service: Service, csv: bytes, webhook_receiver: WebhookReceiver, settings: dict[str, str]
) -> None:
    request_id = service.upload(csv, webhook_url=webhook_receiver.address)
    service.finish(request_id)
    webhook = delivered(request_id, 1, settings)
    assert (webhook["url"], webhook["attempts"][0]["http_status"]) == (webhook_receiver.address, 204)
    ended = imagebatch("webhook", "attempts", request_id, settings=settings)
    assert "state    Delivered" in ended.stdout
    assert ended.stdout.splitlines()[-1].split("\t")[3] == "204"


def test_redeliver_when_it_was_delivered_sends_it_again_under_the_same_id(
    service: Service, csv: bytes, webhook_receiver: WebhookReceiver, settings: dict[str, str]
) -> None:
    request_id = service.upload(csv, webhook_url=webhook_receiver.address)
    service.finish(request_id)
    delivered(request_id, 1, settings)
    assert imagebatch("webhook", "redeliver", request_id, settings=settings).returncode == 0
    delivered(request_id, 2, settings)
    ids = {delivery.headers["webhook-id"] for delivery in webhook_receiver.deliveries}
    assert (len(webhook_receiver.deliveries), len(ids)) == (2, 1)


def test_redeliver_when_there_is_no_receiver_exits_3(service: Service, csv: bytes, settings: dict[str, str]) -> None:
    request_id = service.upload(csv)
    service.finish(request_id)
    assert "there is no receiver" in imagebatch("webhook", "attempts", request_id, settings=settings).stdout
    assert imagebatch("webhook", "redeliver", request_id, settings=settings).returncode == 3
