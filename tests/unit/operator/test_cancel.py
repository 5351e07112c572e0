"""A cancel at any moment: it ends once no worker is left, with whatever was done until then."""

from __future__ import annotations

from collections.abc import Callable

from fakes.memory_batches import MemoryBatches
from fakes.memory_jobs import MemoryJobs
from support.batch_scene import REQUEST_ID, Scene, succeeded

from imagebatch.model import names
from imagebatch.model.batch import Counts, Reason, Status
from imagebatch_operator.reconcile import Reconciler

Accept = Callable[..., Scene]
URLS = [["http://a/0"], ["http://a/1"], ["http://a/2"]]


def reason(batches: MemoryBatches) -> Reason:
    return batches.get(REQUEST_ID).verdict.reason


def test_cancel_before_the_job_ends_at_once_without_one(
    reconciler: Reconciler, accepted: Accept, jobs: MemoryJobs, batches: MemoryBatches
) -> None:
    scene = accepted(URLS)
    batches.record_cancel(REQUEST_ID)
    reconciler.reconcile(REQUEST_ID)
    assert (reason(batches), jobs.calls) == (Reason.CANCELLED, [])
    assert scene.result("output.csv").count(b"\r\n") == 4


def test_cancel_in_the_queue_ends_once_the_job_is_suspended(
    reconciler: Reconciler, accepted: Accept, jobs: MemoryJobs, batches: MemoryBatches
) -> None:
    accepted(URLS)
    reconciler.reconcile(REQUEST_ID)
    batches.record_cancel(REQUEST_ID)
    reconciler.reconcile(REQUEST_ID)
    assert reason(batches) is Reason.CANCELLING
    reconciler.reconcile(REQUEST_ID)
    assert (reason(batches), jobs.calls) == (Reason.CANCELLED, ["create", "suspend"])


def test_cancel_while_running_waits_for_the_workers_and_keeps_what_they_did(
    reconciler: Reconciler, accepted: Accept, jobs: MemoryJobs, batches: MemoryBatches
) -> None:
    scene = accepted(URLS)
    reconciler.reconcile(REQUEST_ID)
    jobs.set(REQUEST_ID, active=1)
    scene.write_part(0, [succeeded(scene.images[0])])
    reconciler.reconcile(REQUEST_ID)
    batches.record_cancel(REQUEST_ID)
    for _ in range(3):
        assert reconciler.reconcile(REQUEST_ID) is not None
        assert (batches.get(REQUEST_ID).status, reason(batches)) == (Status.PROCESSING, Reason.CANCELLING)
    scene.write_part(0, [succeeded(scene.images[1])], part=1)
    jobs.set(REQUEST_ID)
    reconciler.reconcile(REQUEST_ID)
    assert reason(batches) is Reason.CANCELLED
    assert batches.get(REQUEST_ID).progress.counts == Counts(3, 2, 1)
    assert [slot.outcome.code for slot in batches.slots[REQUEST_ID]] == [None, None, "cancelled"]
    assert names.image_key(REQUEST_ID, "1.jpg") in scene.result("output.csv").decode().replace("results/", "requests/")


def test_cancel_while_publishing_comes_too_late(
    reconciler: Reconciler, accepted: Accept, jobs: MemoryJobs, batches: MemoryBatches
) -> None:
    scene = accepted(URLS)
    reconciler.reconcile(REQUEST_ID)
    scene.finish_all()
    jobs.set(REQUEST_ID, succeeded=1)
    with batches.settling(REQUEST_ID):
        reconciler.reconcile(REQUEST_ID)
        assert reason(batches) is Reason.PUBLISHING
    batches.record_cancel(REQUEST_ID)
    reconciler.reconcile(REQUEST_ID)
    assert reason(batches) is Reason.ALL_SUCCEEDED


def test_cancel_after_the_operator_came_back_waits_for_workers_that_are_still_there(
    reconciler: Reconciler, accepted: Accept, jobs: MemoryJobs, batches: MemoryBatches
) -> None:
    accepted(URLS)
    reconciler.reconcile(REQUEST_ID)
    jobs.set(REQUEST_ID, active=2)
    batches.record_cancel(REQUEST_ID)
    for _ in range(2):
        reconciler.reconcile(REQUEST_ID)
        assert not batches.get(REQUEST_ID).status.is_final
    jobs.set(REQUEST_ID)
    reconciler.reconcile(REQUEST_ID)
    assert reason(batches) is Reason.CANCELLED
