"""Retry, retry of the retry, and deletion in either order, on a real Postgres and a real S3."""

from __future__ import annotations

import csv
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations

import pytest
from support.batch_scene import REQUEST_ID, Scene, failed, make_scene, scene_of, succeeded

from imagebatch.clock import SystemClock
from imagebatch.database.postgres import PostgresDatabase
from imagebatch.database.row_registry import RowRegistry
from imagebatch.model import names
from imagebatch.model.batch import Batch, BatchSpec, Counts, Reason
from imagebatch.model.errors import Conflict, NotFound
from imagebatch.ports import DeliveryAttempt
from imagebatch.retry import accept_retry
from imagebatch.store import S3BlobStore
from imagebatch_operator.housekeeping import Housekeeper
from imagebatch_operator.lifecycle import Stop
from imagebatch_operator.settle import Settler

URLS = [["http://a/0", "http://a/1"], ["http://a/2", "http://a/0"], ["http://a/3", "http://a/1"]]
OWNERS = frozenset({"tester"})
RUN = threading.Event()  # never set


class Desk:
    """A batch and its retries, as the services hold them."""

    def __init__(self, database: PostgresDatabase, store: S3BlobStore, settler: Settler) -> None:
        self.database, self.store, self.settler = database, store, settler

    def accept(self, spec: BatchSpec) -> Scene:
        scene = make_scene(self.store, URLS, spec=spec)
        self.database.batches.accept(scene.new_batch(SystemClock().now()), scene.product_rows())
        return scene

    def end(self, scene: Scene, *bad: int) -> Batch:
        """Do every image of a batch but some, outputs and all."""
        for image in scene.images:
            if image.index not in bad:
                key = names.image_key(scene.request_id, f"{image.index}.jpg")
                self.store.put(key, scene.request_id.encode(), "image/jpeg")
        scene.finish_shard(0, [failed(i) if i.index in bad else succeeded(i) for i in scene.images])
        assert self.settler.settle(scene.request_id, Stop())
        return self.database.batches.get(scene.request_id)

    def retry(self, parent: Batch) -> str:
        return accept_retry(
            parent,
            store=self.store,
            batches=self.database.batches,
            listings=self.database.listings,
            registry=RowRegistry(),
            clock=SystemClock(),
        )

    def scene(self, request_id: str) -> Scene:
        return scene_of(self.store, self.database.batches.get(request_id))

    def delete(self, request_id: str) -> None:
        self.database.archive.mark_deleted(request_id, OWNERS, SystemClock().now())

    def webhook_id(self, request_id: str) -> str | None:
        state = self.database.deliveries.state(request_id)
        return state and state.webhook_id

    def delivered(self) -> str:
        """Deliver what is due, which is one message; return its id."""
        now = SystemClock().now()
        due = self.database.deliveries.claim(now, 60)
        assert due is not None
        attempt = DeliveryAttempt(due.attempts + 1, now, 1, http_status=200)
        self.database.deliveries.record_attempt(due, attempt, delivered=True)
        assert self.database.deliveries.claim(now, 60) is None
        return due.webhook_id

    def linked(self, request_id: str) -> list[bytes | None]:
        """What each link of a request's output CSV leads to: who made it; None where the image failed."""
        text = self.store.get(names.result_key(request_id, "output.csv")).decode()
        cells = [cell for row in list(csv.reader(io.StringIO(text)))[1:] for cell in row[-1].split(",")]
        keys = ["requests/" + cell.partition("?")[0].partition("/results/")[2] if cell else None for cell in cells]
        return [self.store.get(key) if key else None for key in keys]


@pytest.fixture
def desk(database: PostgresDatabase, store: S3BlobStore, settler: Settler) -> Desk:
    return Desk(database, store, settler)


@pytest.fixture
def parent(desk: Desk) -> Batch:
    """Four images in six slots; 1 and 3 failed."""
    return desk.end(desk.accept(BatchSpec()), 1, 3)


def test_retry_of_a_retry_ends_with_a_whole_csv_over_the_chain(desk: Desk, parent: Batch) -> None:
    first = desk.retry(parent)
    assert desk.database.batches.get(first).progress.counts == Counts(6, 3)
    assert [image.index for image in desk.scene(first).images] == [1, 3]
    middle = desk.end(desk.scene(first), 3)
    assert (middle.progress.counts, middle.retry_of) == (Counts(6, 5, 1), REQUEST_ID)
    second = desk.retry(middle)
    assert [image.index for image in desk.scene(second).images] == [3]
    last = desk.end(desk.scene(second))
    assert (last.verdict.reason, last.progress.counts) == (Reason.ALL_SUCCEEDED, Counts(6, 6))
    a, b, c = (each.encode() for each in (REQUEST_ID, first, second))
    assert desk.linked(second) == [a, b, a, a, c, b]
    assert last.progress.bytes == parent.progress.bytes.__class__(4_000, 1_600)


def test_retry_by_many_at_once_is_one(desk: Desk, parent: Batch) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: desk.retry(parent), range(8)))
    assert made == {names.retry_id(REQUEST_ID)}
    assert desk.database.batches.unfinished() == list(made)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_delete_along_a_chain_in_any_order_keeps_what_the_others_link_to(
    desk: Desk, parent: Batch, housekeeper: Housekeeper, order: tuple[int, ...]
) -> None:
    first = desk.retry(parent)
    second = desk.retry(desk.end(desk.scene(first), 3))
    desk.end(desk.scene(second))
    chain = [REQUEST_ID, first, second]
    linked = {request_id: desk.linked(request_id) for request_id in chain}
    for place in order:
        desk.delete(chain[place])
        del linked[chain[place]]
        housekeeper.run(RUN, everything=False)
        housekeeper.run(RUN)
        assert {request_id: desk.linked(request_id) for request_id in linked} == linked
        with pytest.raises(NotFound):
            desk.database.batches.get(chain[place])
    assert desk.database.archive.known(chain) == frozenset()
    assert list(desk.store.folders("requests/")) == []


def test_delete_of_a_parent_leaves_nothing_of_it_but_its_images(
    desk: Desk, parent: Batch, housekeeper: Housekeeper
) -> None:
    desk.retry(parent)
    desk.delete(REQUEST_ID)
    housekeeper.run(RUN)
    prefix = names.request_prefix(REQUEST_ID)
    left = [info.key.removeprefix(prefix) for info in desk.store.list(prefix)]
    assert left == ["images/0.jpg", "images/2.jpg"]
    desk.end(desk.scene(names.retry_id(REQUEST_ID)))
    assert None not in desk.linked(names.retry_id(REQUEST_ID))


def test_retry_that_was_deleted_can_be_made_again_once_it_went(
    desk: Desk, parent: Batch, housekeeper: Housekeeper
) -> None:
    first = desk.retry(parent)
    desk.end(desk.scene(first), 3)
    desk.delete(first)
    with pytest.raises(Conflict) as raised:
        desk.retry(parent)
    assert raised.value.code == "retry_deleted"
    housekeeper.run(RUN)
    assert desk.retry(parent) == first
    assert desk.end(desk.scene(first)).verdict.reason is Reason.ALL_SUCCEEDED
    assert None not in desk.linked(first)


def test_retry_made_anew_has_a_webhook_id_of_its_own_however_often_it_is_settled(
    desk: Desk, housekeeper: Housekeeper
) -> None:
    desk.accept(BatchSpec(webhook_url="https://hooks.example/in"))
    parent = desk.end(desk.scene(REQUEST_ID), 1, 3)
    sent = [desk.delivered()]
    for bad in ([3], []):
        first = desk.retry(parent)
        assert desk.end(desk.scene(first), *bad).webhook_id == desk.webhook_id(first)
        assert desk.settler.settle(first, Stop())
        sent.append(desk.delivered())
        assert sent[-1] == desk.webhook_id(first)
        desk.delete(first)
        housekeeper.run(RUN)
    assert sent[0] == f"msg_{REQUEST_ID}"
    assert len(set(sent)) == 3


def test_retry_of_a_request_that_is_deleted_meanwhile_finds_nothing(desk: Desk, parent: Batch) -> None:
    desk.delete(REQUEST_ID)
    with pytest.raises(NotFound):
        desk.retry(parent)
    assert desk.database.batches.unfinished() == []
