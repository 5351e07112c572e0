"""Old objects that no request names go; whatever may still become a request stays."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_batches import MemoryBatches
from fakes.memory_store import MemoryBlobStore
from support.batch_scene import Scene, make_scene

from imagebatch.metrics import Metrics
from imagebatch.model import names
from imagebatch_operator.housekeeping import Housekeeper

HOUR = 3600.0
RUN = threading.Event()  # never set
STRAY = str(uuid.UUID(int=7))


def left(store: MemoryBlobStore) -> list[str]:
    return [folder.removeprefix("requests/") for folder in store.folders("requests/")]


@pytest.fixture
def stray(store: MemoryBlobStore) -> Scene:
    """The objects of an upload that never got its row."""
    return make_scene(store, [["http://a/0"]], request_id=STRAY)


def test_run_removes_objects_without_a_row_once_they_are_a_day_old(
    housekeeper: Housekeeper, stray: Scene, store: MemoryBlobStore, clock: ManualClock, metrics: Metrics
) -> None:
    clock.pass_(23.9 * HOUR)
    housekeeper.run(RUN)
    assert left(store) == [f"{STRAY}/"]
    clock.pass_(0.2 * HOUR)
    housekeeper.run(RUN)
    assert left(store) == []
    assert metrics.registry.get_sample_value("imagebatch_housekeeping_removed_total", {"what": "stray"}) == 1


def test_run_leaves_a_folder_that_was_written_to_of_late(
    housekeeper: Housekeeper, stray: Scene, store: MemoryBlobStore, clock: ManualClock
) -> None:
    clock.pass_(48 * HOUR)
    store.put(names.plan_key(STRAY), b"{}", "application/json")
    housekeeper.run(RUN)
    assert len(list(store.list(names.request_prefix(STRAY)))) == 3


def test_run_leaves_what_was_worked_on_for_another_day_once_its_row_is_missing(
    housekeeper: Housekeeper, stray: Scene, store: MemoryBlobStore, clock: ManualClock
) -> None:
    """As after an older backup of the database was restored."""
    stray.finish_all()
    clock.pass_(72 * HOUR)
    for hours in (0, 12, 11.9):
        clock.pass_(hours * HOUR)
        housekeeper.run(RUN)
        assert store.head(names.shard_results_key(STRAY, 0)) is not None
    clock.pass_(0.2 * HOUR)
    housekeeper.run(RUN)
    assert left(store) == []


def test_run_removes_what_a_worker_wrote_after_its_request_went(
    housekeeper: Housekeeper, stray: Scene, store: MemoryBlobStore, clock: ManualClock
) -> None:
    stray.finish_all()
    store.delete([names.input_key(STRAY), names.images_key(STRAY), names.plan_key(STRAY)])
    clock.pass_(24.1 * HOUR)
    housekeeper.run(RUN)
    assert left(store) == []


def test_run_removes_a_retry_that_never_got_its_row_as_any_upload(
    housekeeper: Housekeeper, stray: Scene, store: MemoryBlobStore, clock: ManualClock
) -> None:
    store.put(names.reused_key(STRAY), b"", "application/jsonl")
    clock.pass_(24.1 * HOUR)
    housekeeper.run(RUN)
    assert left(store) == []


def test_run_leaves_requests_however_old_they_are(
    housekeeper: Housekeeper, accepted: Callable[..., Scene], store: MemoryBlobStore, clock: ManualClock
) -> None:
    scene = accepted([["http://a/0"]])
    clock.pass_(2_000 * HOUR)
    housekeeper.run(RUN)
    assert left(store) == [f"{scene.request_id}/"]


@pytest.mark.parametrize("key", ["requests/mine/input.csv", f"requests/{STRAY.upper()}X/a", "inbox/a.csv", "other"])
def test_run_leaves_what_is_no_requests(
    housekeeper: Housekeeper, store: MemoryBlobStore, clock: ManualClock, key: str
) -> None:
    store.put(key, b"1", "text/plain")
    clock.pass_(48 * HOUR)
    housekeeper.run(RUN)
    assert store.head(key) is not None


def test_run_leaves_a_stray_whose_retry_is_being_made(
    housekeeper: Housekeeper, stray: Scene, store: MemoryBlobStore, batches: MemoryBatches, clock: ManualClock
) -> None:
    clock.pass_(48 * HOUR)
    with batches.settling(STRAY):
        housekeeper.run(RUN)
    assert left(store) == [f"{STRAY}/"]


def test_run_because_of_a_delete_leaves_strays_to_the_next(
    housekeeper: Housekeeper, stray: Scene, store: MemoryBlobStore, clock: ManualClock
) -> None:
    clock.pass_(48 * HOUR)
    housekeeper.run(RUN, everything=False)
    assert left(store) == [f"{STRAY}/"]


def test_run_that_was_told_to_stop_removes_nothing(
    housekeeper: Housekeeper, stray: Scene, store: MemoryBlobStore, clock: ManualClock
) -> None:
    stop = threading.Event()
    stop.set()
    clock.pass_(48 * HOUR)
    housekeeper.run(stop)
    assert len(list(store.list(names.request_prefix(STRAY)))) == 3


def test_run_removes_what_speaks_of_outputs_before_the_outputs(
    housekeeper: Housekeeper, stray: Scene, store: MemoryBlobStore, clock: ManualClock
) -> None:
    """A lost retry that is asked for again half-way must not find results whose images are gone."""
    image = names.image_key(STRAY, "0.jpg")
    stray.finish_all()
    for key in (image, names.lost_key(STRAY), names.result_key(STRAY, names.OUTPUT_CSV)):
        store.put(key, b"", "text/plain")
    clock.pass_(24.1 * HOUR)
    housekeeper.run(RUN)
    removed = [key for method, key in store.calls if method == "delete"]
    assert removed.index(image) > removed.index(names.shard_results_key(STRAY, 0))
    assert removed.index(image) > removed.index(names.result_key(STRAY, names.OUTPUT_CSV))
