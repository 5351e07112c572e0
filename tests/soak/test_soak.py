"""Batches without end while two parts at a time are killed or stopped at random moments; then every invariant.

`make soak`: 15 minutes, or SOAK_MINUTES; SOAK_SEED repeats the choices of an earlier run.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest
from support.accepted import Accepted, fetches, send
from support.dev_installation import DevInstallation, site_of
from support.image_server import ImageServer
from support.invariants import check_all
from support.open_folder import open_folder
from support.service import FINAL
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.webhook_receiver import WebhookReceiver

PARTS = ("api", "shard", "codec", "operator", "postgres", "s3", "supervisor")
WEIGHTS = (3, 3, 3, 3, 2, 2, 1)
SERVERS = ("postgres", "s3")
# How many shards each may cost: with the store or the supervisor go those that run.
DEATHS = {"shard": 1, "codec": 1, "s3": 2, "supervisor": 2}
MOST_UNFINISHED = 6
LAST_SECONDS = 600.0
ALLOWED = "127.0.0.1/32:*"


@pytest.fixture
def dev() -> Iterator[DevInstallation]:
    settings = {"IMAGEBATCH_FETCH_ALLOW": ALLOWED, "IMAGEBATCH_WEBHOOK_ALLOW": ALLOWED}
    with open_folder() as folder, DevInstallation(folder / "data", settings) as started:
        yield started


@dataclass
class Soak:
    """What goes on: batches come, are cancelled and retried; parts go."""

    dev: DevInstallation
    source: ImageServer
    receiver: WebhookReceiver
    choose: random.Random
    batches: list[Accepted] = field(default_factory=list)
    killed: Counter[str] = field(default_factory=Counter)
    retries: int = 0

    @property
    def unfinished(self) -> list[Accepted]:
        return [batch for batch in self.batches if not batch.looks or batch.last["status"] not in FINAL]

    def submit(self) -> None:
        """Send a batch, small or large, unless enough are under way or the service does not answer."""
        if len(self.unfinished) >= MOST_UNFINISHED:
            return
        images = self.choose.choice((3, 20, 60, 600))
        url = self.receiver.address if self.choose.random() < 0.7 else ""
        try:
            self.batches.append(send(self.dev.service(), self.source, images, url, f"s{len(self.batches)}-"))
        except (httpx.TransportError, AssertionError):
            print("  an upload was refused: something it needs is away")

    def meddle(self) -> None:
        """Cancel a batch that runs, or retry one that was cancelled, now and then."""
        if self.unfinished and self.choose.random() < 0.15:
            self._ask(self.choose.choice(self.unfinished), "cancel")
        cancelled = [batch for batch in self.batches if batch.looks and batch.last["reason"] == "Cancelled"]
        if cancelled and self.choose.random() < 0.3:
            parent = self.choose.choice(cancelled)
            answer = self._ask(parent, "retry")
            if answer is not None and answer.status_code == httpx.codes.OK:
                self._add_retry(str(answer.json()["request_id"]), parent)

    def hurt(self) -> None:
        """Kill two parts at once, or stop a server for a moment as well."""
        first, second = self.choose.choices(PARTS, WEIGHTS, k=2)
        print(f"  {self.elapsed}: kill {first} and {second}; {self.tell()}", flush=True)
        for part in dict.fromkeys((first, second) if first != "supervisor" else (second, first)):
            self._kill(part)
        if "supervisor" not in (first, second) and self.choose.random() < 0.3:
            self._pause(self.choose.choice(SERVERS))

    def look(self) -> None:
        for batch in self.unfinished:
            batch.look(self.dev.service())

    @property
    def elapsed(self) -> str:
        return time.strftime("%H:%M:%S")

    def tell(self) -> str:
        return f"{len(self.batches)} batches, {len(self.unfinished)} unfinished, {fetches(self.source).total()} fetches"

    def _kill(self, part: str) -> None:
        """Kill a part if it is there; `imagebatch dev` is started again at once."""
        if self.dev.kill_now(part) is None:
            return
        self.killed[part] += 1
        if part == "supervisor":
            self.dev.restart()

    def _pause(self, part: str) -> None:
        """Stop a part for a moment if it is there."""
        try:
            paused = self.dev.pause(part)
        except ProcessLookupError:
            return
        wanted = self.choose.uniform(0.5, 5)
        eventually(lambda: self.dev.paused_seconds() > wanted, 30)
        self.dev.resume(paused)

    def _ask(self, batch: Accepted, verb: str) -> httpx.Response | None:
        try:
            return self.dev.service().http.post(f"/requests/{batch.request_id}/{verb}")
        except httpx.TransportError:
            return None

    def _add_retry(self, request_id: str, parent: Accepted) -> None:
        if request_id not in {batch.request_id for batch in self.batches}:
            self.retries += 1
            self.batches.append(Accepted(request_id, parent.url_lists, parent.webhook))


def test_service_when_parts_die_two_at_a_time_loses_nothing(
    dev: DevInstallation, image_source: ImageServer, webhook_receiver: WebhookReceiver
) -> None:
    seconds = 60 * float(os.environ.get("SOAK_MINUTES", "15"))
    seed = int(os.environ.get("SOAK_SEED", random.randrange(10**6)))
    print(f"\nsoak for {seconds:g} s; SOAK_SEED={seed}", flush=True)
    soak = Soak(dev, image_source, webhook_receiver, random.Random(seed))
    go_on(soak, time.monotonic() + seconds)
    print(f"  {soak.elapsed}: the end of the faults; {soak.tell()}", flush=True)
    eventually(lambda: (soak.look(), not soak.unfinished)[1], LAST_SECONDS, "the end of every batch")
    site = site_of(dev, image_source, webhook_receiver)
    query = "SELECT request_id FROM file_processing WHERE finished_at IS NULL"
    eventually(lambda: not site.rows(query), LAST_SECONDS, "the end of batches whose upload's answer was lost")
    deaths = sum(DEATHS.get(part, 0) * count for part, count in soak.killed.items())
    print(f"  {soak.elapsed}: all final; killed {dict(soak.killed)}; {soak.retries} retries", flush=True)
    check_all(site, soak.batches, deaths=deaths + soak.retries)


def go_on(soak: Soak, end: float) -> None:
    """Submit, cancel, retry and kill until the time is over."""
    submit_at = hurt_at = time.monotonic()
    hurt_at += 5
    while (now := time.monotonic()) < end:
        if now >= submit_at:
            soak.submit()
            soak.meddle()
            submit_at = now + soak.choose.uniform(0.5, 4)
        if now >= hurt_at:
            soak.hurt()
            hurt_at = time.monotonic() + soak.choose.uniform(4, 15)
        soak.look()
        time.sleep(0.1)
