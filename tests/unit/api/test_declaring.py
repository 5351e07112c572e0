"""What is accepted is declared after the answer: a cluster that hangs holds up nobody."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from fakes.memory_jobs import MemoryRegistry
from support.asgi_client import DEADLINE_SECONDS, AsgiClient

from imagebatch.model import names
from imagebatch.model.batch import Counts, Progress, Reason, Resource, Status, Verdict
from imagebatch.model.errors import Refused, Unavailable
from imagebatch.ports import Final
from imagebatch_api.app import create_app
from imagebatch_api.calls import BoundedCalls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from threading import Event

    from fakes.memory_batches import MemoryBatches

    from imagebatch.model.batch import Batch
    from imagebatch_api.container import Container

CSV = b"S. No.,Product Name,Input Image Urls\n1,Lamp,https://a.example/1.jpg\n"
RAW = {"Content-Type": "text/csv"}
LOST = Verdict(Status.FAILED, Reason.CANCELLED, "Cancelled; 0 of 1 images succeeded.")
NOW = datetime(2026, 1, 2, 3, 5, 0, tzinfo=UTC)


class Cluster(MemoryRegistry):
    """A registry with a namespace that counts whom it was to declare; with `hanging`, it never answers."""

    def __init__(self) -> None:
        super().__init__("shop")
        self.asked: list[str] = []
        self.hanging: Event | None = None

    def declare(self, batch: Batch) -> str:
        self.asked.append(batch.request_id)
        if self.hanging is not None:
            self.hanging.wait()
        return super().declare(batch)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture
def declaring(container: Container, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[AsgiClient]:
    """The API on a cluster, which has longer for a call than an answer may take; every upload is a large one."""
    monkeypatch.setattr("imagebatch_api.container.LARGE_CSV_BYTES", 0)
    calls = BoundedCalls("cluster", 1, 2 * DEADLINE_SECONDS)
    with AsgiClient(create_app(replace(container, registry=cluster, registry_calls=calls))) as client:
        yield client


def upload(api: AsgiClient, **headers: str) -> str:
    answer = api.post("/upload", content=CSV, headers={**RAW, **headers})
    assert answer.status_code == 200
    return str(answer.json()["request_id"])


def until(api: AsgiClient, check: Callable[[], object]) -> None:
    """Let the app go on until something is so."""

    async def wait() -> None:
        async with asyncio.timeout(10):
            while not check():
                await asyncio.sleep(0.01)

    api.run(wait())


def settled(api: AsgiClient) -> None:
    """Let the app go on until everything that it began has ended."""

    async def wait() -> None:
        async with asyncio.timeout(10):
            await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))

    api.run(wait())


def test_upload_is_declared_after_its_answer(declaring: AsgiClient, cluster: Cluster, batches: MemoryBatches) -> None:
    made = upload(declaring)
    settled(declaring)
    assert batches.batches[made].resource == Resource("shop", f"ib-{made}", cluster.declared[made])


def test_uploads_while_the_cluster_hangs_are_answered_at_once_and_keep_no_turn(
    declaring: AsgiClient, cluster: Cluster, batches: MemoryBatches, hanging: Event
) -> None:
    cluster.hanging = hanging
    first = upload(declaring)
    until(declaring, lambda: cluster.asked)
    second = upload(declaring)
    assert cluster.asked == [first]
    assert (list(batches.batches), cluster.declared) == ([first, second], {})


def test_uploads_that_the_cluster_does_not_answer_for_are_accepted_and_that_is_logged(
    container: Container,
    cluster: Cluster,
    batches: MemoryBatches,
    hanging: Event,
    caplog: pytest.LogCaptureFixture,
) -> None:
    cluster.hanging = hanging
    calls = BoundedCalls("cluster", 1, 0.05)
    with AsgiClient(create_app(replace(container, registry=cluster, registry_calls=calls))) as api:
        both = [upload(api), upload(api)]
        settled(api)
    for made in both:
        assert batches.batches[made].resource == Resource("shop", f"ib-{made}")
        assert f"request {made} is accepted but not declared yet: the cluster gave no answer" in caplog.text


@pytest.mark.parametrize("trouble", [Unavailable("away", dependency="cluster"), Refused("no"), ValueError("a mistake")])
def test_upload_whose_declaration_fails_is_accepted_and_the_failure_logged(
    declaring: AsgiClient,
    cluster: Cluster,
    batches: MemoryBatches,
    trouble: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    cluster.trouble = trouble
    made = upload(declaring)
    settled(declaring)
    assert batches.batches[made].resource == Resource("shop", f"ib-{made}")
    assert f"request {made} is accepted but not declared yet" in caplog.text


def test_upload_sent_again_with_its_key_is_declared_once(declaring: AsgiClient, cluster: Cluster) -> None:
    cluster.trouble = Unavailable("away", dependency="cluster")
    made = {upload(declaring, **{"Idempotency-Key": "order-17"}) for _ in range(2)}
    settled(declaring)
    assert cluster.asked == list(made)


def test_retry_while_the_cluster_hangs_is_answered_at_once_and_declared(
    declaring: AsgiClient, cluster: Cluster, batches: MemoryBatches, hanging: Event
) -> None:
    parent = upload(declaring)
    settled(declaring)
    batches.finish(parent, Final(LOST, Progress(Counts(1, 0, 1)), False, NOW), [])
    cluster.hanging = hanging
    answers = [declaring.post(f"/requests/{parent}/retry") for _ in range(2)]
    made = names.retry_id(parent)
    assert [(each.status_code, each.json()["request_id"]) for each in answers] == [(200, made)] * 2
    until(declaring, lambda: made in cluster.asked)
    hanging.set()
    until(declaring, lambda: made in cluster.declared)
    settled(declaring)
    assert cluster.asked == [parent, made]
    assert batches.batches[made].resource == Resource("shop", f"ib-{made}", cluster.declared[made])


def test_upload_without_a_cluster_begins_no_call(
    api: AsgiClient, container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container.registry_calls, "run", None)
    upload(api)
    settled(api)
