"""Suspend and resume against a running service."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest
from support import pictures
from support.accepted import fetches
from support.command_line import descendants, imagebatch
from support.image_server import ImageServer, held_until
from support.process_tree import environment
from support.service import Service, csv_of
from support.waiting import eventually

from imagebatch_embedded.supervisor import Installation

QUICK, HELD = 40, 8
LOOKS = 20


@dataclass
class Batch:
    """A batch of pictures that are there and of pictures that are held back until `go_on`."""

    service: Service
    source: ImageServer
    go_on: Event = field(default_factory=Event)
    request_id: str = ""

    def start(self) -> None:
        """Upload it and wait until every quick picture is done and a shard waits for the others."""
        photo = pictures.jpeg(64, 48)
        quick = [self.source.add(f"/quick{number}.jpg", photo) for number in range(QUICK)]
        held = [self.source.add(f"/held{number}.jpg", held_until(self.go_on, photo, 60)) for number in range(HELD)]
        self.request_id = self.service.upload(csv_of([[url] for url in [*quick, *held]]))
        eventually(lambda: self.succeeded() == QUICK and self.shards(), 60, "all but what is held back")

    def status(self) -> dict[str, Any]:
        return self.service.status(self.request_id)

    def succeeded(self) -> int:
        return int(self.status()["counts"]["succeeded"])

    def say(self, word: str) -> tuple[int, dict[str, Any]]:
        answer = self.service.http.post(f"/requests/{self.request_id}/{word}")
        return answer.status_code, answer.json()

    def shards(self) -> list[int]:
        """The processes that work on it."""
        return [pid for pid in descendants(os.getpid()) if environment(pid).get("REQUEST_ID") == self.request_id]

    def rests(self) -> bool:
        return not self.shards()


@pytest.fixture
def batch(service: Service, image_source: ImageServer) -> Iterator[Batch]:
    made = Batch(service, image_source)
    try:
        made.start()
        yield made
    finally:
        made.go_on.set()
        if made.request_id:
            made.say("cancel")
            service.finish(made.request_id)


def counted(status: dict[str, Any]) -> tuple[Any, ...]:
    return status["status"], status["reason"], status["counts"], status["bytes"]


def test_a_batch_when_suspended_rests_and_when_resumed_does_only_the_rest(batch: Batch) -> None:
    code, said = batch.say("suspend")
    assert (code, said["status"], said["reason"]) == (200, "Processing", "Suspended")
    assert said["counts"]["succeeded"] == QUICK

    eventually(batch.rests, 30, "the end of its shards")
    before, asked = batch.status(), fetches(batch.source)
    batch.go_on.set()
    looks = [counted(batch.status()) for _ in range(LOOKS)]
    assert looks == [counted(said)] * LOOKS == [counted(before)] * LOOKS
    assert (batch.rests(), fetches(batch.source)) == (True, asked)
    assert batch.say("suspend") == (200, before)

    code, said = batch.say("resume")
    assert (code, said["status"], said["reason"]) == (200, "Processing", "Running")
    ended = batch.service.finish(batch.request_id)
    assert (ended["status"], ended["reason"]) == ("Completed", "AllSucceeded")
    assert all(url for row in batch.service.outputs(ended) for url in row)
    assert fetches(batch.source) - asked == Counter({batch.source.url(f"/held{n}.jpg"): 1 for n in range(HELD)})
    assert {image["attempts"] for image in batch.service.get(ended["report_url"]).json()["images"]} == {1}
    assert batch.say("suspend")[1]["code"] == batch.say("resume")[1]["code"] == "already_final"


def test_a_batch_when_cancelled_while_it_rests_keeps_what_is_done(batch: Batch) -> None:
    batch.say("suspend")
    eventually(batch.rests, 30, "the end of its shards")
    batch.say("cancel")
    ended = batch.service.finish(batch.request_id)
    assert (ended["reason"], ended["counts"]["succeeded"]) == ("Cancelled", QUICK)


def test_a_batch_when_suspended_and_resumed_by_command_completes(batch: Batch, installation: Installation) -> None:
    settings = {"IMAGEBATCH_URL": installation.api_url}
    said = imagebatch("suspend", batch.request_id, settings=settings)
    assert (said.returncode, "Processing (Suspended)" in said.stdout) == (0, True), said.stderr
    eventually(batch.rests, 30, "the end of its shards")
    batch.go_on.set()
    ended = imagebatch("resume", batch.request_id, "--watch", "-o", "json", settings=settings)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["reason"] == "AllSucceeded"
    assert imagebatch("suspend", batch.request_id, settings=settings).returncode == 3
