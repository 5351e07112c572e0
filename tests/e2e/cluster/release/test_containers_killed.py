"""A picture over which every process of the container is killed at once, as cgroup v2 does when its memory is out.

It is named, and all others are done; where no retry is left its shard is lost, and no other one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from support import pictures
from support.accepted import Accepted, offer
from support.containers import kill_container
from support.declared import declare
from support.invariants import Site, check_all
from support.loopback_server import Reply, Request
from support.ten_shards import until_accepted

if TYPE_CHECKING:
    from support.installation import Installation

pytestmark = pytest.mark.timeout(1_200)  # the first test builds the images

IMAGES, PER_SHARD = 60, 20
HOSTILE = 7  # of the first shard
DEATHS = 3  # one that shows that there is a killer, and two of careful attempts over the same picture
FINISH_SECONDS = 300.0  # of which the Job waits 10, 20 and 40 before it tries a shard again


@dataclass
class Killer:
    """A batch with a picture that is held back until the container that asks for it is dead."""

    site: Site
    deaths: int = 0
    request_id: str = ""
    known: threading.Event = field(default_factory=threading.Event)

    def run(self, installation: Installation, retries: int) -> tuple[Accepted, str]:
        """Have the batch run to its end; return it and the URL of the picture."""
        lists = offer(self.site.source, IMAGES)
        hostile = self.site.source.add(f"/p{HOSTILE}.jpg?{HOSTILE}", self._kill)
        spec: dict[str, Any] = {"imagesPerShard": PER_SHARD, "retriesPerShard": retries}
        batch, watch = declare(installation, lists, self.site.receiver.address, **spec)
        self.request_id = batch.request_id
        self.known.set()
        with watch:
            until_accepted(self.site, batch)
            batch.follow(self.site.service, FINISH_SECONDS)
            check_all(self.site, [batch], deaths=self.deaths)
            watch.check(batch)
        assert (batch.last["status"], batch.last["reason"]) == ("Completed", "PartiallySucceeded")
        return batch, hostile

    def _kill(self, _: Request) -> Reply:
        assert self.known.wait(FINISH_SECONDS)
        self.deaths += kill_container(self.request_id, HOSTILE // PER_SHARD)
        return Reply(pictures.jpeg(96, 64), "image/jpeg")


def test_batch_with_a_picture_that_kills_its_container_names_it_and_finishes(
    installation: Installation, site: Site
) -> None:
    killer = Killer(site)
    batch, hostile = killer.run(installation, retries=5)
    assert killer.deaths == DEATHS
    (error,) = site.service().rows(batch.last["errors_url"])[1:]
    assert error[3:5] == [hostile, "out_of_memory"]


def test_shard_without_a_retry_is_lost_when_its_container_is_killed_and_no_other_one(
    installation: Installation, site: Site
) -> None:
    killer = Killer(site)
    batch, hostile = killer.run(installation, retries=0)
    assert killer.deaths == 1
    errors = {row[3]: row[4] for row in site.service().rows(batch.last["errors_url"])[1:]}
    assert errors[hostile] == "shard_failed"
    assert set(errors) <= set(batch.urls[:PER_SHARD])
    assert set(errors.values()) == {"shard_failed"}
