"""Whose the objects are, when requests are past their time, and what the thread does about trouble."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_archive import MemoryArchive
from fakes.memory_batches import MemoryBatches
from fakes.memory_jobs import MemoryRegistry
from fakes.memory_store import MemoryBlobStore
from support.batch_scene import REQUEST_ID, Scene
from support.waiting import eventually

from imagebatch.metrics import Metrics
from imagebatch.model import names
from imagebatch.model.errors import Unavailable
from imagebatch.settings import OperatorSettings
from imagebatch_operator.housekeeping import Housekeeper, keep_house_until
from imagebatch_operator.lifecycle import Stop
from imagebatch_operator.settle import Settler

DAY = 86_400.0
RUN = threading.Event()  # never set


@pytest.fixture
def ended(accepted: Callable[..., Scene], settler: Settler) -> Scene:
    scene = accepted([["http://a/0"]])
    scene.finish_all()
    settler.settle(REQUEST_ID, Stop())
    return scene


def test_run_when_nobody_has_marks_the_objects(
    housekeeper: Housekeeper, store: MemoryBlobStore, batches: MemoryBatches
) -> None:
    housekeeper.run(RUN)
    assert store.get(names.INSTALLATION_KEY).decode() == batches.installation


def test_run_over_the_objects_of_another_installation_removes_nothing_and_says_so(
    housekeeper: Housekeeper,
    ended: Scene,
    store: MemoryBlobStore,
    batches: MemoryBatches,
    clock: ManualClock,
    metrics: Metrics,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.put(names.INSTALLATION_KEY, b"somebody else", "text/plain")
    before = [info.key for info in store.list("")]
    clock.pass_(100 * DAY)
    with caplog.at_level(logging.ERROR):
        assert not housekeeper.run(RUN)
    assert [info.key for info in store.list("")] == before
    assert batches.deleted == {}
    assert metrics.registry.get_sample_value("imagebatch_housekeeping_runs_total", {"result": "mismatch"}) == 1
    assert "somebody else" in caplog.text


def test_run_after_the_retention_removes_the_request(
    housekeeper: Housekeeper, ended: Scene, store: MemoryBlobStore, archive: MemoryArchive, clock: ManualClock
) -> None:
    clock.pass_(29.9 * DAY)
    housekeeper.run(RUN)
    assert archive.removed == []
    clock.pass_(0.2 * DAY)
    housekeeper.run(RUN)
    assert archive.removed == [REQUEST_ID]
    assert list(store.folders("requests/")) == []


def test_run_without_a_retention_keeps_everything(
    ended: Scene,
    store: MemoryBlobStore,
    batches: MemoryBatches,
    archive: MemoryArchive,
    operator_settings: OperatorSettings,
    clock: ManualClock,
    metrics: Metrics,
) -> None:
    settings = replace(operator_settings, retention_days=0.0)
    clock.pass_(10_000 * DAY)
    Housekeeper(
        batches=batches,
        archive=archive,
        store=store,
        registry=MemoryRegistry(),
        settings=settings,
        clock=clock,
        metrics=metrics,
    ).run(RUN)
    assert batches.deleted == {}


def test_thread_in_an_outage_says_so_and_goes_on_when_woken(
    housekeeper: Housekeeper,
    ended: Scene,
    store: MemoryBlobStore,
    archive: MemoryArchive,
    clock: ManualClock,
    metrics: Metrics,
) -> None:
    def runs(result: str) -> float:
        return metrics.registry.get_sample_value("imagebatch_housekeeping_runs_total", {"result": result}) or 0

    stop, wake = threading.Event(), threading.Event()
    store.outage = Unavailable("gone", dependency="store")
    thread = threading.Thread(
        target=keep_house_until,
        args=(stop, housekeeper, wake),
        kwargs={"seconds": 3600.0, "clock": clock, "metrics": metrics},
    )
    thread.start()
    try:
        eventually(lambda: runs("failed") == 1, what="the failed run")
        store.outage = None
        archive.mark_deleted(REQUEST_ID, frozenset({"tester"}), clock.now())
        wake.set()
        eventually(lambda: archive.removed == [REQUEST_ID], what="the removal")
    finally:
        stop.set()
        wake.set()
        thread.join(10)
    assert not thread.is_alive()
