"""What a reconcile finds when it comes late: a store that is back, a request that was deleted meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_archive import MemoryArchive
from fakes.memory_batches import MemoryBatches
from fakes.memory_jobs import MemoryJobs
from fakes.memory_store import MemoryBlobStore
from support.batch_scene import REQUEST_ID, Scene

from imagebatch.model import names
from imagebatch.model.batch import Reason
from imagebatch.model.errors import Unavailable
from imagebatch_operator.lifecycle import Stop
from imagebatch_operator.reconcile import Reconciler
from imagebatch_operator.settle import Settler

Accept = Callable[..., Scene]
URLS = [["http://a/0"], ["http://a/1"]]


def test_reconcile_when_the_store_is_back_after_the_grace_ends_with_results(
    reconciler: Reconciler,
    accepted: Accept,
    store: MemoryBlobStore,
    jobs: MemoryJobs,
    batches: MemoryBatches,
    clock: ManualClock,
) -> None:
    scene = accepted(URLS)
    reconciler.reconcile(REQUEST_ID)
    scene.finish_all()
    jobs.set(REQUEST_ID, succeeded=1)
    store.outage = Unavailable("gone", dependency="store")
    with pytest.raises(Unavailable):
        reconciler.reconcile(REQUEST_ID)
    clock.pass_(3_600)  # as when the machine slept
    store.outage = None
    reconciler.reconcile(REQUEST_ID)
    assert (batches.get(REQUEST_ID).verdict.reason, batches.get(REQUEST_ID).has_result) == (Reason.ALL_SUCCEEDED, True)


def test_reconcile_when_only_the_database_was_away_since_the_store_was_back_goes_on_waiting_for_the_store(
    reconciler: Reconciler,
    accepted: Accept,
    store: MemoryBlobStore,
    jobs: MemoryJobs,
    batches: MemoryBatches,
    clock: ManualClock,
) -> None:
    scene = accepted(URLS)
    reconciler.reconcile(REQUEST_ID)
    scene.finish_all()
    jobs.set(REQUEST_ID, succeeded=1)
    hiccup, away = Unavailable("gone", dependency="store"), Unavailable("gone", dependency="database")
    for store_outage, finish_fails in ((hiccup, None), (None, away), (hiccup, None)):
        store.outage, batches.finish_fails = store_outage, finish_fails
        with pytest.raises(Unavailable):
            reconciler.reconcile(REQUEST_ID)
        clock.pass_(900)
    store.outage = None
    reconciler.reconcile(REQUEST_ID)
    assert (batches.get(REQUEST_ID).verdict.reason, batches.get(REQUEST_ID).has_result) == (Reason.ALL_SUCCEEDED, True)


def test_reconcile_when_the_accepted_file_stays_away_ends_although_the_store_answers(
    reconciler: Reconciler,
    accepted: Accept,
    store: MemoryBlobStore,
    batches: MemoryBatches,
    clock: ManualClock,
) -> None:
    accepted(URLS).finish_all()
    store.delete([names.input_key(REQUEST_ID)])
    for _ in range(2):
        with pytest.raises(Unavailable):
            reconciler.reconcile(REQUEST_ID)
        clock.pass_(900)
    reconciler.reconcile(REQUEST_ID)
    assert batches.get(REQUEST_ID).status.is_final


def test_reconcile_when_the_request_was_deleted_removes_its_job(
    reconciler: Reconciler, accepted: Accept, jobs: MemoryJobs, batches: MemoryBatches, clock: ManualClock
) -> None:
    scene = accepted(URLS)
    reconciler.reconcile(REQUEST_ID)
    scene.finish_all()
    jobs.set(REQUEST_ID, succeeded=1)
    reconciler.reconcile(REQUEST_ID)
    MemoryArchive(batches).mark_deleted(REQUEST_ID, frozenset({"tester"}), clock.now())
    assert reconciler.reconcile(REQUEST_ID) is None
    assert jobs.jobs == {}


def test_reconcile_when_the_request_is_deleted_right_after_its_end_goes_on_to_remove_its_job(
    reconciler: Reconciler,
    accepted: Accept,
    jobs: MemoryJobs,
    batches: MemoryBatches,
    settler: Settler,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settle = settler.settle

    def settle_and_delete(request_id: str, stop: Stop) -> bool:
        ended = settle(request_id, stop)
        MemoryArchive(batches).mark_deleted(request_id, frozenset({"tester"}), clock.now())
        return ended

    monkeypatch.setattr(settler, "settle", settle_and_delete)
    scene = accepted(URLS)
    reconciler.reconcile(REQUEST_ID)
    scene.finish_all()
    jobs.set(REQUEST_ID, succeeded=1)
    assert reconciler.reconcile(REQUEST_ID) is not None
    assert reconciler.reconcile(REQUEST_ID) is None
    assert jobs.jobs == {}
