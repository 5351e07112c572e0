"""Batches of ten shards on a cluster, whose pods are held in the middle of their work until a test lets them go on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any

from imagebatch.model import names
from support.accepted import Accepted, fetches, offer
from support.declared import StatusWatch, declare
from support.image_server import ImageServer
from support.installation import HELD_SECONDS, Installation
from support.invariants import Site, check_all
from support.loopback_server import Reply, Request
from support.waiting import eventually

IMAGES, PER_SHARD, AT_ONCE = 500, 50, 4
SOURCE_SECONDS = 0.5  # for a picture to come: a shard has many under way, and is to be seen at work
FIRST = 25  # images of a shard that are sent before the others are held back
ACCEPTED_SECONDS = 60.0
FINISH_SECONDS = 240.0


@dataclass
class TenShards:
    """One such batch. `gate` is what holds it."""

    installation: Installation
    site: Site
    batch: Accepted
    watch: StatusWatch
    gate: Event

    def follow(self, until: Callable[[Accepted], bool] | None = None) -> None:
        """Look until it has ended, or until `until` says so."""
        self.batch.follow(self.site.service, FINISH_SECONDS, until)

    def until_held(self) -> None:
        """Wait until as many shards as may run have written that they finished their first images."""
        self.follow(lambda batch: batch.done >= AT_ONCE * FIRST)
        assert self.batch.last["status"] == "Processing"
        assert self.batch.done == AT_ONCE * FIRST, "the others are held back"

    def pods(self) -> dict[str, int]:
        """Return the pods that have not ended, each with its shard."""
        found = self.installation.pods(self.batch.request_id)
        label = "batch.kubernetes.io/job-completion-index"
        return {pod["metadata"]["name"]: int(pod["metadata"]["labels"][label]) for pod in found}

    def patch(self, **spec: Any) -> None:
        """Change the resource's spec as a person does."""
        body = {"spec": spec}
        self.installation.kubectl("patch", "imagebatch", self.watch.name, "--type=merge", "-p", json.dumps(body))

    def attempts(self) -> Counter[int]:
        """Return how often each shard was begun, as its parts tell."""
        prefix = f"{names.request_prefix(self.batch.request_id)}shards/"
        keys = [key.split("/") for key in self.site.objects(prefix) if "/" in key]
        return Counter(int(shard) for shard, _ in {(shard, part.rpartition("-")[0]) for shard, part in keys})

    def check(self, *, stops: int = 0) -> None:
        """Follow it to its end and check all that must hold. `stops` is how many shards were stopped while held."""
        self.follow()
        assert (self.batch.last["status"], self.batch.last["reason"]) == ("Completed", "AllSucceeded")
        check_all(self.site, [self.batch], stops=stops)
        self.watch.check(self.batch)
        assert not any(status.get("shards", {}).get("failed") for status in self.watch.seen), "a shard was lost"
        asked = fetches(self.site.source)
        assert {asked[url] for n, url in enumerate(self.batch.urls) if n % PER_SHARD < FIRST} == {1}, "fetched again"
        begun = self.attempts()
        assert begun.total() == IMAGES // PER_SHARD + stops, f"{stops} were stopped, and begun was {begun}"


@contextmanager
def ten_shards(installation: Installation, site: Site, *, held: bool, **spec: Any) -> Iterator[TenShards]:
    """Declare such a batch; unless it is to be held in its middle, its pictures are only slow."""
    gate = Event()
    lists = offer(site.source, IMAGES, delay_seconds=SOURCE_SECONDS)
    if held:
        _hold(site.source, gate)
    parts = {"imagesPerShard": PER_SHARD, "parallelism": AT_ONCE, **spec}
    batch, watch = declare(installation, lists, site.receiver.address, **parts)
    try:
        with watch:
            until_accepted(site, batch)
            yield TenShards(installation, site, batch, watch, gate)
    finally:
        gate.set()


def until_accepted(site: Site, batch: Accepted) -> None:
    """Wait until the service knows a batch that a resource declares."""
    ask = f"/status/{batch.request_id}"
    eventually(lambda: site.service().http.get(ask).status_code == 200, ACCEPTED_SECONDS, "the acceptance")


def _hold(source: ImageServer, gate: Event) -> None:
    """Have the later images of each shard held back."""

    def held(reply: Reply) -> Callable[[Request], Reply]:
        def answer(request: Request) -> Reply:
            if int(request.target.partition("?")[2]) % PER_SHARD >= FIRST:
                gate.wait(HELD_SECONDS)
            return Reply(reply.body, reply.content_type)

        return answer

    for path, reply in list(source.routes.items()):
        assert isinstance(reply, Reply)
        source.routes[path] = held(reply)
