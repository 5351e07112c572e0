"""A retry that is made again after its deletion has the id of the one before, and nothing else of it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_archive import MemoryArchive
from fakes.memory_batches import MemoryBatches
from fakes.memory_jobs import MemoryJobs
from support.batch_scene import REQUEST_ID, Scene, failed, succeeded

from imagebatch.model.batch import Reason
from imagebatch_operator.housekeeping import Housekeeper
from imagebatch_operator.lifecycle import Stop
from imagebatch_operator.reconcile import Reconciler
from imagebatch_operator.settle import Settler

URLS = [["http://a/0"], ["http://a/1"], ["http://a/2"]]


@pytest.fixture
def made_anew(
    accepted: Callable[..., Scene],
    retried: Callable[[str], Scene],
    reconciler: Reconciler,
    settler: Settler,
    archive: MemoryArchive,
    housekeeper: Housekeeper,
    jobs: MemoryJobs,
    clock: ManualClock,
) -> Scene:
    """A retry of two images. Of the one before it the operator saw everything but its end, which another one wrote."""
    parent = accepted(URLS)
    parent.finish_shard(0, [succeeded(parent.images[0]), failed(parent.images[1]), failed(parent.images[2])])
    assert settler.settle(REQUEST_ID, Stop())
    before = retried(REQUEST_ID)
    reconciler.reconcile(before.request_id)
    jobs.set(before.request_id, active=1)
    before.finish_shard(0, [succeeded(before.images[0]), failed(before.images[1])])
    reconciler.reconcile(before.request_id)
    jobs.set(before.request_id, succeeded=1)
    assert settler.settle(before.request_id, Stop())
    archive.mark_deleted(before.request_id, frozenset({"tester"}), clock.now())
    housekeeper.run(threading.Event())
    clock.pass_(1)
    return retried(REQUEST_ID)


def test_reconcile_of_a_retry_made_anew_gives_it_a_job_of_its_own(
    reconciler: Reconciler, jobs: MemoryJobs, batches: MemoryBatches, made_anew: Scene
) -> None:
    for _ in range(2):
        assert reconciler.reconcile(made_anew.request_id) is not None
    assert jobs.calls == ["create", "delete", "create"]
    made_anew.finish_all()
    jobs.set(made_anew.request_id, succeeded=1)
    reconciler.reconcile(made_anew.request_id)
    assert batches.get(made_anew.request_id).verdict.reason is Reason.ALL_SUCCEEDED


def test_reconcile_of_a_retry_made_anew_counts_what_it_did_itself(
    reconciler: Reconciler, jobs: MemoryJobs, batches: MemoryBatches, made_anew: Scene
) -> None:
    jobs.jobs.clear()
    reconciler.reconcile(made_anew.request_id)
    jobs.set(made_anew.request_id, active=1)
    reconciler.reconcile(made_anew.request_id)
    assert batches.get(made_anew.request_id).progress.counts.done == 1
