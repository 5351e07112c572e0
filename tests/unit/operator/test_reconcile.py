"""One look after another brings a batch from its acceptance to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_batches import MemoryBatches
from fakes.memory_jobs import MemoryJobs, MemoryRegistry
from fakes.memory_store import MemoryBlobStore
from support.batch_scene import REQUEST_ID, Scene, succeeded

from imagebatch.model.batch import Intent, Reason, Status
from imagebatch.model.errors import Unavailable
from imagebatch_operator.reconcile import Reconciler

Accept = Callable[..., Scene]
URLS = [["http://a/0"], ["http://a/1"]]
GONE = Unavailable("gone", dependency="store")


def test_reconcile_step_by_step_takes_a_batch_to_completed(
    reconciler: Reconciler, accepted: Accept, jobs: MemoryJobs, batches: MemoryBatches, registry: MemoryRegistry
) -> None:
    scene = accepted(URLS)
    reconciler.reconcile(REQUEST_ID)
    jobs.set(REQUEST_ID, active=1)
    scene.write_part(0, [succeeded(scene.images[0])])
    reconciler.reconcile(REQUEST_ID)
    assert batches.get(REQUEST_ID).verdict.reason is Reason.RUNNING
    assert batches.get(REQUEST_ID).progress.counts.succeeded == 1
    scene.finish_all()
    jobs.set(REQUEST_ID, succeeded=1)
    reconciler.reconcile(REQUEST_ID)
    assert batches.get(REQUEST_ID).verdict.reason is Reason.ALL_SUCCEEDED
    assert reconciler.reconcile(REQUEST_ID) is not None
    assert reconciler.reconcile(REQUEST_ID) is None
    assert jobs.calls == ["create", "delete"]
    assert registry.shown[-1].status is Status.COMPLETED


def test_reconcile_of_an_unknown_request_does_nothing(reconciler: Reconciler, jobs: MemoryJobs) -> None:
    assert reconciler.reconcile(REQUEST_ID) is None
    assert jobs.calls == []


def test_reconcile_with_a_cancel_in_the_registry_writes_it_into_the_row_and_stops_the_job(
    reconciler: Reconciler, accepted: Accept, jobs: MemoryJobs, batches: MemoryBatches, registry: MemoryRegistry
) -> None:
    accepted(URLS)
    reconciler.reconcile(REQUEST_ID)
    jobs.set(REQUEST_ID, active=1)
    registry.wanted = Intent(cancel=True)
    reconciler.reconcile(REQUEST_ID)
    assert batches.get(REQUEST_ID).intent.cancel
    assert batches.get(REQUEST_ID).verdict.reason is Reason.CANCELLING
    jobs.set(REQUEST_ID)
    reconciler.reconcile(REQUEST_ID)
    assert batches.get(REQUEST_ID).verdict.reason is Reason.CANCELLED
    assert jobs.calls == ["create", "suspend"]


def test_reconcile_with_a_cancel_in_the_row_only_stops_too(
    reconciler: Reconciler, accepted: Accept, batches: MemoryBatches, registry: MemoryRegistry
) -> None:
    accepted(URLS)
    registry.wanted = Intent()
    batches.record_cancel(REQUEST_ID)
    reconciler.reconcile(REQUEST_ID)
    assert batches.get(REQUEST_ID).verdict.reason is Reason.CANCELLED


def test_reconcile_while_the_store_is_away_asks_for_back_off(
    reconciler: Reconciler, accepted: Accept, store: MemoryBlobStore, jobs: MemoryJobs
) -> None:
    accepted(URLS)
    store.outage = GONE
    with pytest.raises(Unavailable):
        reconciler.reconcile(REQUEST_ID)
    assert jobs.calls == []


def test_reconcile_while_the_store_is_away_still_suspends_for_a_cancel(
    reconciler: Reconciler, accepted: Accept, store: MemoryBlobStore, jobs: MemoryJobs, batches: MemoryBatches
) -> None:
    accepted(URLS)
    reconciler.reconcile(REQUEST_ID)
    jobs.set(REQUEST_ID, active=1)
    store.outage = GONE
    batches.record_cancel(REQUEST_ID)
    reconciler.reconcile(REQUEST_ID)
    assert jobs.calls == ["create", "suspend"]


def test_reconcile_when_the_store_stays_away_ends_without_results(
    reconciler: Reconciler, accepted: Accept, store: MemoryBlobStore, jobs: MemoryJobs, batches: MemoryBatches
) -> None:
    clock = reconciler._clock
    accepted(URLS, webhook_url="https://hook.example/")
    reconciler.reconcile(REQUEST_ID)
    jobs.set(REQUEST_ID, failed=1)
    store.outage = GONE
    for _ in range(2):
        with pytest.raises(Unavailable):
            reconciler.reconcile(REQUEST_ID)
        clock.sleep(900)
    reconciler.reconcile(REQUEST_ID)
    batch = batches.get(REQUEST_ID)
    assert (batch.verdict.reason, batch.has_result) == (Reason.INFRASTRUCTURE_ERROR, False)
    assert (batch.progress.counts.failed, batch.progress.counts.pending) == (2, 0)
    delivery = batches.finals[REQUEST_ID].delivery
    assert delivery is not None
    assert b'"result_url": null' in delivery.body


def test_reconcile_when_the_store_returns_in_time_settles_as_usual(
    reconciler: Reconciler, accepted: Accept, store: MemoryBlobStore, jobs: MemoryJobs, batches: MemoryBatches
) -> None:
    scene = accepted(URLS)
    reconciler.reconcile(REQUEST_ID)
    scene.finish_all()
    jobs.set(REQUEST_ID, succeeded=1)
    store.outage = GONE
    with pytest.raises(Unavailable):
        reconciler.reconcile(REQUEST_ID)
    store.outage = None
    reconciler._clock.sleep(1_700)
    reconciler.reconcile(REQUEST_ID)
    assert batches.get(REQUEST_ID).verdict.reason is Reason.ALL_SUCCEEDED


def test_reconcile_while_another_process_settles_comes_back_soon(
    reconciler: Reconciler, accepted: Accept, batches: MemoryBatches
) -> None:
    accepted(URLS).finish_all()
    batches.locked = True
    assert reconciler.reconcile(REQUEST_ID) == 1.0
    assert batches.finals == {}


@pytest.mark.parametrize(
    ("age_seconds", "active", "starting", "pause"),
    [(0, 1, 0, 0.1), (5, 1, 0, 0.5), (60, 1, 0, 1.0), (600, 0, 0, 5.0), (1, 2, 2, 5.0), (1, 2, 1, 0.1)],
)
def test_reconcile_of_a_running_batch_by_age_says_when_to_look_again(
    reconciler: Reconciler,
    accepted: Accept,
    jobs: MemoryJobs,
    clock: ManualClock,
    age_seconds: float,
    active: int,
    starting: int,
    pause: float,
) -> None:
    accepted(URLS)
    reconciler.reconcile(REQUEST_ID)
    jobs.set(REQUEST_ID, active=active, starting=starting)
    clock.pass_(age_seconds)
    assert reconciler.reconcile(REQUEST_ID) == pytest.approx(pause)


def test_reconcile_of_a_suspended_batch_leaves_it_to_the_sweep(
    reconciler: Reconciler, accepted: Accept, registry: MemoryRegistry, batches: MemoryBatches
) -> None:
    accepted(URLS)
    registry.wanted = replace(batches.get(REQUEST_ID).intent, suspend=True)
    reconciler.reconcile(REQUEST_ID)
    assert reconciler.reconcile(REQUEST_ID) is None
