"""How a reconcile goes with what declares a batch on a cluster: made, or refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_batches import MemoryBatches
from fakes.memory_jobs import MemoryJobs, MemoryRegistry
from support.batch_scene import REQUEST_ID, Scene, succeeded

from imagebatch.model.batch import Intent, Reason, Resource, Status
from imagebatch.model.errors import Refused, Unavailable
from imagebatch_operator.lifecycle import REFUSAL_GRACE, Stop
from imagebatch_operator.reconcile import Reconciler
from imagebatch_operator.settle import Settler

Accept = Callable[..., Scene]
URLS = [["http://a/0", "http://a/1"], ["http://a/0"]]
PLACE = Resource("shop", f"ib-{REQUEST_ID}")
WORDS = "exceeded quota: pods=0"
NO = Refused(WORDS)
SILENT = Unavailable("no answer", dependency="cluster")
ALMOST = (REFUSAL_GRACE - timedelta(seconds=1)).total_seconds()


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry("shop")


def refused(reconciler: Reconciler) -> Unavailable:
    """Have a look that ends in back-off and return its reason."""
    with pytest.raises(Unavailable) as caught:
        reconciler.reconcile(REQUEST_ID)
    return caught.value


def test_reconcile_of_a_batch_that_nobody_declared_declares_it_and_records_that(
    reconciler: Reconciler, accepted: Accept, jobs: MemoryJobs, batches: MemoryBatches, registry: MemoryRegistry
) -> None:
    accepted(URLS)
    for _ in range(2):
        reconciler.reconcile(REQUEST_ID)
    known = replace(PLACE, uid=registry.declared[REQUEST_ID])
    assert batches.get(REQUEST_ID).resource == known
    assert jobs.jobs[REQUEST_ID].spec.resource == known
    assert jobs.calls == ["create"]


def test_reconcile_of_a_batch_that_has_ended_does_not_declare_it(
    reconciler: Reconciler, accepted: Accept, batches: MemoryBatches, settler: Settler, registry: MemoryRegistry
) -> None:
    accepted(URLS).finish_all()
    settler.settle(REQUEST_ID, Stop())
    reconciler.reconcile(REQUEST_ID)
    assert (registry.declared, batches.get(REQUEST_ID).resource) == ({}, None)


def test_reconcile_of_a_batch_suspended_while_it_is_declared_says_so_there(
    reconciler: Reconciler,
    accepted: Accept,
    jobs: MemoryJobs,
    batches: MemoryBatches,
    registry: MemoryRegistry,
    clock: ManualClock,
) -> None:
    accepted(URLS)
    registry.meanwhile = lambda: batches.record_intent(REQUEST_ID, clock.now(), suspend=True, parallelism=4)
    reconciler.reconcile(REQUEST_ID)
    assert registry.wanted == Intent(suspend=True)
    assert jobs.jobs[REQUEST_ID].spec.suspended


@pytest.mark.parametrize("where", ["declare", "create"])
def test_reconcile_while_the_cluster_refuses_a_batch_shows_why_and_ends_it_after_the_grace(
    reconciler: Reconciler,
    accepted: Accept,
    jobs: MemoryJobs,
    batches: MemoryBatches,
    registry: MemoryRegistry,
    clock: ManualClock,
    where: str,
) -> None:
    accepted(URLS)
    (registry if where == "declare" else jobs).trouble = NO
    for seconds in (0, ALMOST):
        clock.pass_(seconds)
        error = refused(reconciler)
        assert (error.dependency, error.message) == ("cluster", WORDS)
    assert WORDS in batches.get(REQUEST_ID).verdict.message
    assert registry.shown[-1].verdict == batches.get(REQUEST_ID).verdict
    clock.pass_(1)
    if where == "create":
        refused(reconciler)  # the last time of many: a refusal long ago says nothing
    reconciler.reconcile(REQUEST_ID)
    ended = batches.get(REQUEST_ID)
    assert (ended.status, ended.verdict.reason) == (Status.FAILED, Reason.INFRASTRUCTURE_ERROR)
    assert WORDS in ended.verdict.message
    assert [slot.outcome.code for slot in batches.slots[REQUEST_ID]] == ["shard_failed"] * 3
    assert reconciler.reconcile(REQUEST_ID) is None
    assert jobs.jobs == {}


def test_reconcile_of_a_refused_batch_ends_it_with_what_earlier_shards_did(
    reconciler: Reconciler, accepted: Accept, jobs: MemoryJobs, batches: MemoryBatches, clock: ManualClock
) -> None:
    scene = accepted(URLS)
    scene.write_part(0, [succeeded(scene.images[0])])
    jobs.trouble = NO
    refused(reconciler)
    clock.pass_(REFUSAL_GRACE.total_seconds())
    refused(reconciler)
    reconciler.reconcile(REQUEST_ID)
    assert [slot.outcome.code for slot in batches.slots[REQUEST_ID]] == [None, "shard_failed", None]
    assert batches.get(REQUEST_ID).verdict.reason is Reason.INFRASTRUCTURE_ERROR


@pytest.mark.parametrize("where", ["declare", "create"])
def test_reconcile_when_the_cluster_takes_a_batch_after_all_goes_on(
    reconciler: Reconciler,
    accepted: Accept,
    jobs: MemoryJobs,
    batches: MemoryBatches,
    registry: MemoryRegistry,
    clock: ManualClock,
    where: str,
) -> None:
    accepted(URLS)
    refuser = registry if where == "declare" else jobs
    refuser.trouble = NO
    refused(reconciler)
    refuser.trouble = None
    clock.pass_(ALMOST)
    reconciler.reconcile(REQUEST_ID)
    assert reconciler.reconcile(REQUEST_ID) is not None
    assert batches.get(REQUEST_ID).verdict.message == "Waiting for a free worker."


def test_reconcile_when_a_batch_is_declared_long_after_a_refusal_does_not_end_it_for_that(
    reconciler: Reconciler,
    accepted: Accept,
    jobs: MemoryJobs,
    batches: MemoryBatches,
    registry: MemoryRegistry,
    clock: ManualClock,
) -> None:
    accepted(URLS)
    registry.trouble = NO
    refused(reconciler)
    registry.trouble = SILENT
    clock.pass_(3_600)
    assert refused(reconciler) is SILENT
    registry.trouble = None
    reconciler.reconcile(REQUEST_ID)
    assert jobs.calls == ["create"]
    assert batches.get(REQUEST_ID).status is Status.PENDING


def test_reconcile_while_a_batch_is_refused_its_resource_starts_no_job_without_one(
    reconciler: Reconciler, accepted: Accept, jobs: MemoryJobs, registry: MemoryRegistry
) -> None:
    accepted(URLS)
    registry.trouble = NO
    refused(reconciler)
    assert jobs.calls == []


def test_reconcile_of_a_batch_cancelled_while_it_is_refused_ends_as_cancelled(
    reconciler: Reconciler, accepted: Accept, batches: MemoryBatches, registry: MemoryRegistry
) -> None:
    accepted(URLS)
    registry.trouble = NO
    refused(reconciler)
    batches.record_cancel(REQUEST_ID)
    reconciler.reconcile(REQUEST_ID)
    assert batches.get(REQUEST_ID).verdict.reason is Reason.CANCELLED
