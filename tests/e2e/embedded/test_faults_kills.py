"""Each part of `imagebatch dev` killed or stopped in the middle of a batch: every invariant holds afterwards.

Long forms, two parts at a time at random moments, are in tests/soak.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from support.accepted import Accepted, fetched_again, fetches, send
from support.dev_installation import DevInstallation, site_of
from support.image_server import ImageServer
from support.invariants import check_all
from support.open_folder import open_folder
from support.waiting import eventually
from support.webhook_receiver import WebhookReceiver

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGES = 2_000
MIDDLE = 400
FINISH_SECONDS = 150.0
PAUSE_SECONDS = 4.0
SHARDS = 2  # at work at once
SOURCE_SECONDS = 0.06  # so that a shard takes two seconds and more, however fast the machine: it is to be met at work


@pytest.fixture(scope="module")
def dev() -> Iterator[DevInstallation]:
    """One installation for the module; each test leaves it running."""
    settings = {"IMAGEBATCH_FETCH_ALLOW": "127.0.0.1/32:*", "IMAGEBATCH_WEBHOOK_ALLOW": "127.0.0.1/32:*"}
    with open_folder() as folder, DevInstallation(folder / "data", settings) as started:
        yield started


@pytest.fixture
def batch(dev: DevInstallation, image_source: ImageServer, webhook_receiver: WebhookReceiver) -> Accepted:
    """A batch that is in its middle: some shards may be done, some run, some wait."""
    sent = send(dev.service(), image_source, IMAGES, webhook_receiver.address, delay_seconds=SOURCE_SECONDS)
    sent.follow(dev.service, FINISH_SECONDS, until=lambda batch: batch.done > MIDDLE)
    assert sent.last["status"] == "Processing"
    return sent


@pytest.mark.parametrize(
    ("part", "deaths"), [("api", 0), ("shard", 1), ("codec", 1), ("operator", 0), ("postgres", 0), ("s3", 0)]
)
def test_batch_when_a_part_is_killed_in_the_middle_keeps_every_invariant(
    dev: DevInstallation,
    batch: Accepted,
    image_source: ImageServer,
    webhook_receiver: WebhookReceiver,
    part: str,
    deaths: int,
) -> None:
    dev.kill(part)
    started = time.monotonic()
    batch.follow(dev.service, FINISH_SECONDS)
    print(f"{part}: {time.monotonic() - started:.1f} s to the end, {fetched_again(image_source, batch)} fetched again")
    stops = SHARDS if part == "operator" else 0  # its shards end with it, and drop what they are fetching
    check_all(site_of(dev, image_source, webhook_receiver), [batch], deaths=deaths, stops=stops)
    assert batch.last["counts"]["succeeded"] >= IMAGES - (part == "codec")


def test_batch_when_the_supervisor_is_killed_goes_on_when_it_is_started_again(
    dev: DevInstallation, batch: Accepted, image_source: ImageServer, webhook_receiver: WebhookReceiver
) -> None:
    dev.kill("supervisor")
    started = time.monotonic()
    dev.restart()
    print(f"supervisor: {time.monotonic() - started:.1f} s until it was back")
    batch.follow(dev.service, FINISH_SECONDS)
    print(f"supervisor: {fetched_again(image_source, batch)} fetched again")
    # The store goes with its shards, so these cannot write down what they did last.
    check_all(site_of(dev, image_source, webhook_receiver), [batch], deaths=SHARDS)
    assert batch.last["reason"] == "AllSucceeded"


@pytest.mark.parametrize("part", ["postgres", "s3"])
def test_batch_when_a_server_is_stopped_for_some_seconds_waits_and_goes_on(
    dev: DevInstallation, batch: Accepted, image_source: ImageServer, webhook_receiver: WebhookReceiver, part: str
) -> None:
    paused = dev.pause(part)
    before = sum(fetches(image_source).values())
    try:
        eventually(lambda: dev.paused_seconds() > PAUSE_SECONDS, 2 * PAUSE_SECONDS)
    finally:
        dev.resume(paused)
    assert sum(fetches(image_source).values()) >= before
    batch.follow(dev.service, FINISH_SECONDS)
    check_all(site_of(dev, image_source, webhook_receiver), [batch])
    assert batch.last["reason"] == "AllSucceeded"
