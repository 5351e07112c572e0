"""Receivers of webhooks that fail in every way, through the whole service: what is tried again, and what is listed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from support import pictures
from support.accepted import Accepted
from support.dev_installation import DevInstallation, site_of
from support.image_server import ImageServer
from support.invariants import check_all
from support.loopback_server import Reply
from support.open_folder import open_folder
from support.service import csv_of
from support.waiting import eventually
from support.webhook_receiver import WebhookReceiver

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = {
    "IMAGEBATCH_FETCH_ALLOW": "127.0.0.1/32:*",
    "IMAGEBATCH_WEBHOOK_ALLOW": "127.0.0.1/32:*",  # 127.0.0.2 stands for every private address
    "IMAGEBATCH_WEBHOOK_SCHEDULE_SECONDS": "0,0.1,0.1,0.1,0.1",
    "IMAGEBATCH_WEBHOOK_TIMEOUT_SECONDS": "5",
}
TRIES = 5


@pytest.fixture(scope="module")
def dev() -> Iterator[DevInstallation]:
    with open_folder() as folder, DevInstallation(folder / "data", SETTINGS) as started:
        yield started


class Told:
    """A batch of one picture whose end is told to an address."""

    def __init__(self, dev: DevInstallation, source: ImageServer, url: str) -> None:
        self._dev = dev
        lists = [[source.add("/photo.jpg", pictures.jpeg(64, 64))]]
        self.batch = Accepted(dev.service().upload(csv_of(lists), webhook_url=url), lists, webhook=True)
        self.batch.follow(dev.service, 60)

    def until(self, state: str) -> dict[str, Any]:
        """Wait for a state of the delivery; return what the service says of it."""
        path = f"/requests/{self.batch.request_id}/webhook"
        return eventually(lambda: (said := self._said(path))["state"] == state and said, 60, state)

    def redeliver(self) -> None:
        answer = self._dev.service().http.post(f"/requests/{self.batch.request_id}/webhook/redeliver")
        assert answer.status_code == 202, answer.text

    def _said(self, path: str) -> dict[str, Any]:
        return dict(self._dev.service().http.get(path).raise_for_status().json())


def statuses(said: dict[str, Any]) -> list[int | None]:
    """Return the HTTP status of every attempt, in order, after looking at their numbers."""
    assert [each["number"] for each in said["attempts"]] == list(range(1, len(said["attempts"]) + 1))
    return [each["http_status"] for each in said["attempts"]]


def seconds_between(first: dict[str, Any], second: dict[str, Any]) -> float:
    return (datetime.fromisoformat(second["started_at"]) - datetime.fromisoformat(first["started_at"])).total_seconds()


def test_receiver_when_it_fails_three_times_is_tried_until_it_takes_the_message(
    dev: DevInstallation, image_source: ImageServer, webhook_receiver: WebhookReceiver
) -> None:
    webhook_receiver.answer_with(500, 500, 500, 200)
    told = Told(dev, image_source, webhook_receiver.address)
    assert statuses(told.until("Delivered")) == [500, 500, 500, 200]
    assert len(webhook_receiver.deliveries) == 4
    check_all(site_of(dev, image_source, webhook_receiver), [told.batch])


def test_receiver_when_it_redirects_is_not_followed_and_given_up_in_the_end(
    dev: DevInstallation, image_source: ImageServer, webhook_receiver: WebhookReceiver
) -> None:
    webhook_receiver.answer_with(Reply.redirect(webhook_receiver.url("/elsewhere")))
    said = Told(dev, image_source, webhook_receiver.address).until("GivenUp")
    assert statuses(said) == [302] * TRIES
    assert set(webhook_receiver.counts) == {"/webhook"}


def test_receiver_when_it_says_gone_is_not_tried_again_until_it_is_asked_for(
    dev: DevInstallation, image_source: ImageServer, webhook_receiver: WebhookReceiver
) -> None:
    webhook_receiver.answer_with(410, 200)
    told = Told(dev, image_source, webhook_receiver.address)
    assert statuses(told.until("GivenUp")) == [410]
    told.redeliver()
    assert statuses(told.until("Delivered")) == [410, 200]
    check_all(site_of(dev, image_source, webhook_receiver), [told.batch])


def test_receiver_when_it_does_not_answer_in_time_is_tried_again(
    dev: DevInstallation, image_source: ImageServer, webhook_receiver: WebhookReceiver
) -> None:
    webhook_receiver.answer_with(Reply(status=200, delay_seconds=60), 200)
    said = Told(dev, image_source, webhook_receiver.address).until("Delivered")
    assert statuses(said) == [None, 200]
    assert said["attempts"][0]["error"].startswith("timeout")


def test_receiver_when_it_asks_for_a_pause_gets_it(
    dev: DevInstallation, image_source: ImageServer, webhook_receiver: WebhookReceiver
) -> None:
    webhook_receiver.answer_with(Reply(status=429, headers={"Retry-After": "2"}), 200)
    said = Told(dev, image_source, webhook_receiver.address).until("Delivered")
    assert statuses(said) == [429, 200]
    assert seconds_between(*said["attempts"]) >= 2


def test_receiver_when_its_address_is_private_is_never_connected_to(
    dev: DevInstallation, image_source: ImageServer, webhook_receiver: WebhookReceiver
) -> None:
    url = webhook_receiver.address.replace("127.0.0.1", "127.0.0.2")
    said = Told(dev, image_source, url).until("GivenUp")
    assert statuses(said) == [None] * TRIES
    assert all(each["error"].startswith("blocked_address") for each in said["attempts"])
    assert webhook_receiver.requests == []
