"""Deleted requests go with their objects; of those with a retry the images stay until that is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_archive import MemoryArchive
from fakes.memory_batches import MemoryBatches
from fakes.memory_jobs import MemoryRegistry
from fakes.memory_store import MemoryBlobStore
from support.batch_scene import REQUEST_ID, Scene, failed, succeeded

from imagebatch.metrics import Metrics
from imagebatch.model import names
from imagebatch.model.batch import Resource
from imagebatch.model.errors import Refused, Unavailable
from imagebatch_operator import housekeeping
from imagebatch_operator.housekeeping import Housekeeper
from imagebatch_operator.lifecycle import Stop
from imagebatch_operator.settle import Settler

OWNERS = frozenset({"tester"})
RUN = threading.Event()  # never set


@pytest.fixture
def ended(accepted: Callable[..., Scene], settler: Settler) -> Scene:
    """A batch with one image that succeeded and one that failed."""
    scene = accepted([["http://a/0"], ["http://a/1"]])
    return end(scene, settler)


def end(scene: Scene, settler: Settler) -> Scene:
    """End a batch: every image but the last succeeded."""
    *good, bad = scene.images
    for image in good:
        scene.store.put(names.image_key(scene.request_id, f"{image.index}.jpg"), b"picture", "image/jpeg")
    scene.finish_shard(0, [*map(succeeded, good), failed(bad)])
    settler.settle(scene.request_id, Stop())
    return scene


def keys(store: MemoryBlobStore, request_id: str = REQUEST_ID) -> list[str]:
    prefix = names.request_prefix(request_id)
    return [info.key.removeprefix(prefix) for info in store.list(prefix)]


def test_run_for_a_deleted_request_removes_its_objects_and_its_row(
    housekeeper: Housekeeper, ended: Scene, store: MemoryBlobStore, archive: MemoryArchive, clock: ManualClock
) -> None:
    housekeeper.run(RUN)
    assert keys(store)
    archive.mark_deleted(REQUEST_ID, OWNERS, clock.now())
    assert not housekeeper.run(RUN, everything=False)
    assert keys(store) == []
    assert archive.removed == [REQUEST_ID]


def test_run_for_a_parent_whose_retry_lives_removes_all_but_its_images(
    housekeeper: Housekeeper,
    ended: Scene,
    retried: Callable[[str], Scene],
    store: MemoryBlobStore,
    archive: MemoryArchive,
    clock: ManualClock,
) -> None:
    retry = retried(REQUEST_ID)
    archive.mark_deleted(REQUEST_ID, OWNERS, clock.now())
    housekeeper.run(RUN)
    assert keys(store) == ["images/0.jpg"]
    assert archive.removed == []
    assert "input.csv" in keys(store, retry.request_id)
    store.calls.clear()
    housekeeper.run(RUN, everything=False)
    looked = ("head", names.input_key(REQUEST_ID))
    assert [call for call in store.calls if call[1].startswith("requests/")] == [looked]


@pytest.mark.parametrize("parent_first", [True, False])
def test_run_once_parent_and_retry_are_deleted_removes_both(
    housekeeper: Housekeeper,
    ended: Scene,
    settler: Settler,
    retried: Callable[[str], Scene],
    store: MemoryBlobStore,
    archive: MemoryArchive,
    clock: ManualClock,
    *,
    parent_first: bool,
) -> None:
    clock.pass_(1)
    retry = end(retried(REQUEST_ID), settler).request_id
    for request_id in (REQUEST_ID, retry) if parent_first else (retry, REQUEST_ID):
        archive.mark_deleted(request_id, OWNERS, clock.now())
        housekeeper.run(RUN)
    assert archive.removed == [retry, REQUEST_ID]
    assert list(store.list("requests/")) == []


def test_run_interrupted_anywhere_ends_at_the_next(
    housekeeper: Housekeeper, ended: Scene, store: MemoryBlobStore, archive: MemoryArchive, clock: ManualClock
) -> None:
    archive.mark_deleted(REQUEST_ID, OWNERS, clock.now())
    deleted, delete = [0], store.delete

    def delete_one(some: list[str]) -> None:
        delete(some[:1])
        raise Unavailable("gone", dependency="store")

    store.delete = delete_one  # type: ignore[method-assign,assignment]
    while left := keys(store):
        assert "input.csv" in left
        with pytest.raises(Unavailable):
            housekeeper.run(RUN)
        deleted[0] += 1
    assert deleted[0] > 5
    store.delete = delete  # type: ignore[method-assign]
    housekeeper.run(RUN)
    assert archive.removed == [REQUEST_ID]


def test_run_with_more_than_it_may_remove_says_that_more_is_left(
    housekeeper: Housekeeper,
    ended: Scene,
    archive: MemoryArchive,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(housekeeping, "MOST_OBJECTS", 3)
    archive.mark_deleted(REQUEST_ID, OWNERS, clock.now())
    runs = 1
    while housekeeper.run(RUN):
        runs += 1
    assert runs == 3
    assert archive.removed == [REQUEST_ID]


def test_run_while_another_process_holds_the_request_leaves_it(
    housekeeper: Housekeeper, ended: Scene, batches: MemoryBatches, archive: MemoryArchive, clock: ManualClock
) -> None:
    archive.mark_deleted(REQUEST_ID, OWNERS, clock.now())
    with batches.settling(REQUEST_ID):
        housekeeper.run(RUN)
        assert archive.removed == []
    housekeeper.run(RUN)
    assert archive.removed == [REQUEST_ID]


def test_run_counts_what_it_removed(
    housekeeper: Housekeeper, ended: Scene, archive: MemoryArchive, clock: ManualClock, metrics: Metrics
) -> None:
    archive.mark_deleted(REQUEST_ID, OWNERS, clock.now())
    housekeeper.run(RUN)
    sample = metrics.registry.get_sample_value
    assert sample("imagebatch_housekeeping_removed_total", {"what": "request"}) == 1
    assert sample("imagebatch_housekeeping_runs_total", {"result": "done"}) == 1


def test_run_when_a_resource_may_not_be_removed_keeps_its_request_until_it_may(
    housekeeper: Housekeeper,
    ended: Scene,
    batches: MemoryBatches,
    archive: MemoryArchive,
    registry: MemoryRegistry,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: object) -> None:
        raise Refused("an admission policy says no")

    batch = batches.get(ended.request_id)
    batches.batches[REQUEST_ID] = replace(batch, resource=Resource("shop", "mugs", REQUEST_ID))
    archive.mark_deleted(REQUEST_ID, OWNERS, clock.now())
    with monkeypatch.context() as patch:
        patch.setattr(registry, "withdraw", refuse)
        assert not housekeeper.run(RUN)
        assert archive.known([REQUEST_ID])
    housekeeper.run(RUN)
    assert not archive.known([REQUEST_ID])
