"""Two operators at once for a minute: everything is done once all the same."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from support.accepted import Accepted, send
from support.cluster_history import ClusterHistory, one_job_was_there, status_never_went_back
from support.invariants import Site, check_all

from imagebatch.model.names import job_name

if TYPE_CHECKING:
    from support.installation import Installation
    from support.service import Service

pytestmark = pytest.mark.timeout(1_200)

MINUTE = 60.0
IMAGES = 60
AT_ONCE = 2
FINISH_SECONDS = 240.0


def test_operators_when_there_are_two_for_a_minute_do_everything_once(
    installation: Installation, site: Site, service: Service, history: ClusterHistory
) -> None:
    try:
        installation.scale("operator", 2)
        batches = _batches_for(MINUTE, site, service)
    finally:
        installation.scale("operator", 1)

    print(f"{len(batches)} batches")
    check_all(site, batches)
    tries = [each.body for each in site.receiver.deliveries]
    for batch in batches:
        assert batch.last["reason"] == "AllSucceeded"
        one_job_was_there(history, batch.request_id)
        status_never_went_back(history, batch.request_id)
        assert _told(installation, batch, "AllSucceeded") == 1
        assert sum(batch.request_id.encode() in body for body in tries) == 1


def _batches_for(seconds: float, site: Site, service: Service) -> list[Accepted]:
    """Run batches, some at once, until the time is over; return all of them, ended."""
    batches: list[Accepted] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        some = [
            send(service, site.source, IMAGES, site.receiver.address, f"{len(batches) + n}-", delay_seconds=0.05)
            for n in range(AT_ONCE)
        ]
        for batch in some:
            batch.follow(lambda: service, FINISH_SECONDS)
        batches += some
    return batches


def _told(installation: Installation, batch: Accepted, reason: str) -> int:
    """Return how many events tell that a batch reached something."""
    of_it = [each for each in installation.objects("events") if _about(each) == job_name(batch.request_id)]
    return sum(each["count"] for each in of_it if each["reason"] == reason)


def _about(event: dict[str, Any]) -> str:
    return str(event["involvedObject"]["name"])
