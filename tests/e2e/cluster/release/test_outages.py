"""Database and store of a release away when a batch completes.

Each outage is short here; `make faults-cluster` says by FAULT_SECONDS how long it lasts.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeAlias

import pytest
from support import pictures
from support.accepted import Accepted, offer, send
from support.cluster_history import ClusterHistory
from support.cluster_outages import ends_as_if_nothing_had_been, gone, let_pass, silent
from support.image_server import held_until
from support.invariants import Site
from support.service import csv_of
from support.waiting import eventually

if TYPE_CHECKING:
    from support.installation import Installation
    from support.service import Service

pytestmark = pytest.mark.timeout(2_400)

IMAGES = 40
SOURCE_SECONDS = 0.5
FINISH_SECONDS = 300.0
FETCH_SECONDS = 100.0  # less than a picture may take
PODS_END_SECONDS = 60.0

Outage: TypeAlias = Callable[["Installation", str], AbstractContextManager[None]]


@pytest.fixture
def service(installation: Installation) -> Iterator[Service]:
    """Past the ingress, which knows no paths of a service that is not ready."""
    with installation.service() as client:
        yield client


@pytest.fixture(scope="module")
def seconds() -> float:
    """How long each outage lasts."""
    return float(os.environ.get("FAULT_SECONDS", "10"))


class Held:
    """A batch of which all is done but one picture, which comes when `go` is called."""

    def __init__(self, site: Site, service: Service) -> None:
        self._event = threading.Event()
        last = site.source.add("/last.jpg", held_until(self._event, pictures.jpeg(96, 64), FETCH_SECONDS))
        lists = [*offer(site.source, IMAGES), [last]]
        self.batch = Accepted(service.upload(csv_of(lists), webhook_url=site.receiver.address), lists, webhook=True)
        self.batch.follow(lambda: service, FINISH_SECONDS, until=lambda each: each.done == IMAGES)

    def go(self) -> None:
        self._event.set()


@pytest.mark.parametrize("outage", [silent, gone])
def test_batch_when_postgres_is_away_at_completion_ends_after_it_is_back(
    installation: Installation, site: Site, service: Service, history: ClusterHistory, seconds: float, outage: Outage
) -> None:
    held = Held(site, service)
    batch = held.batch
    with outage(installation, "dev-postgres"):
        held.go()
        eventually(lambda: not installation.pods(batch.request_id), PODS_END_SECONDS, "the end of the pods")
        let_pass(seconds, batch, service)
        assert not site.receiver.deliveries

    ends_as_if_nothing_had_been(installation, site, history, batch)


@pytest.mark.parametrize("outage", [silent, gone])
def test_batch_when_the_store_is_away_at_completion_ends_after_it_is_back(
    installation: Installation, site: Site, service: Service, history: ClusterHistory, seconds: float, outage: Outage
) -> None:
    held = Held(site, service)
    batch = held.batch
    with outage(installation, "dev-s3"):
        held.go()
        let_pass(seconds, batch, service)
        assert installation.pods(batch.request_id), "a pod ended without its results being stored"
        assert not site.receiver.deliveries

    ends_as_if_nothing_had_been(installation, site, history, batch)


def test_batch_when_the_store_is_away_at_settling_ends_after_it_is_back(
    installation: Installation, site: Site, service: Service, history: ClusterHistory, seconds: float
) -> None:
    batch = _in_its_middle(site, service, IMAGES)
    installation.scale("operator", 0)
    eventually(lambda: not installation.pods(batch.request_id), PODS_END_SECONDS, "the end of the pods")
    with gone(installation, "dev-s3"):
        installation.scale("operator", 1)
        let_pass(seconds, batch, service)
        assert not site.receiver.deliveries

    ends_as_if_nothing_had_been(installation, site, history, batch)


def _in_its_middle(site: Site, service: Service, images: int) -> Accepted:
    batch = send(service, site.source, images, site.receiver.address, delay_seconds=SOURCE_SECONDS)
    batch.follow(lambda: service, FINISH_SECONDS, until=lambda each: each.done > 0)
    return batch
