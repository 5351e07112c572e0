"""How a reconcile goes with the registry: what it wants is mirrored, it is shown, withdrawn from, taken in from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_batches import MemoryBatches
from fakes.memory_jobs import MemoryJobs, MemoryRegistry
from fakes.memory_store import MemoryBlobStore
from support.batch_scene import REQUEST_ID, Scene, make_scene

from imagebatch.model.batch import BatchSpec, Intent, Reason, Resource, Status
from imagebatch_operator.reconcile import Reconciler
from imagebatch_operator.settle import Settler

Accept = Callable[..., Scene]
URLS = [["http://a/0", "http://a/1"], ["http://a/0"]]


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry("shop")


def test_reconcile_copies_what_the_registry_says_into_the_row_and_the_job(
    reconciler: Reconciler,
    accepted: Accept,
    jobs: MemoryJobs,
    batches: MemoryBatches,
    registry: MemoryRegistry,
    clock: ManualClock,
) -> None:
    accepted(URLS)
    reconciler.reconcile(REQUEST_ID)
    suspended_at = clock.now()
    registry.wanted = Intent(suspend=True, parallelism=2)
    reconciler.reconcile(REQUEST_ID)
    found = batches.get(REQUEST_ID)
    assert (found.intent, found.suspended_at) == (registry.wanted, suspended_at)
    assert found.verdict.reason is Reason.SUSPENDED
    assert (jobs.jobs[REQUEST_ID].spec.suspended, jobs.jobs[REQUEST_ID].spec.parallelism) == (True, 2)
    clock.pass_(90)
    registry.wanted = Intent(parallelism=3)
    reconciler.reconcile(REQUEST_ID)
    found = batches.get(REQUEST_ID)
    assert (found.intent, found.suspended_at, found.suspended_seconds) == (registry.wanted, None, 90)
    assert jobs.jobs[REQUEST_ID].spec.parallelism == 3


@pytest.mark.parametrize(("ttl", "passed", "gone"), [(60, 59, False), (60, 60, True), (0, 0, True), (None, 1e6, False)])
def test_reconcile_of_a_batch_past_its_time_withdraws_its_resource_and_leaves_the_row(
    reconciler: Reconciler,
    accepted: Accept,
    batches: MemoryBatches,
    registry: MemoryRegistry,
    clock: ManualClock,
    ttl: int | None,
    passed: float,
    gone: bool,
) -> None:
    scene = accepted(URLS)
    registry.wanted = Intent(ttl_seconds=ttl)
    reconciler.reconcile(REQUEST_ID)
    scene.finish_all()
    reconciler.reconcile(REQUEST_ID)
    assert batches.get(REQUEST_ID).status is Status.COMPLETED
    reconciler.reconcile(REQUEST_ID)
    clock.pass_(passed)
    assert reconciler.reconcile(REQUEST_ID) is None
    assert registry.withdrawn[:1] == [batches.get(REQUEST_ID).resource] * gone
    assert batches.get(REQUEST_ID).status is Status.COMPLETED


def test_reconcile_shows_the_batch_at_each_look(
    reconciler: Reconciler,
    accepted: Accept,
    batches: MemoryBatches,
    registry: MemoryRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: list[tuple[Reason, bool]] = []
    monkeypatch.setattr(registry, "show", lambda batch, job: looks.append((batch.verdict.reason, job is not None)))
    scene = accepted(URLS)
    for _ in range(3):
        reconciler.reconcile(REQUEST_ID)
    assert looks == [(Reason.ACCEPTED, False), (Reason.QUEUED, True), (Reason.QUEUED, True)]
    scene.finish_all()
    for _ in range(3):
        reconciler.reconcile(REQUEST_ID)
    assert [reason for reason, _ in looks[3:]] == [Reason.ALL_SUCCEEDED] * 3


@pytest.fixture
def asked() -> list[str]:
    """The ids that `take_in` was asked for."""
    return []


@pytest.fixture
def taking(
    batches: MemoryBatches,
    store: MemoryBlobStore,
    registry: MemoryRegistry,
    jobs: MemoryJobs,
    settler: Settler,
    clock: ManualClock,
    asked: list[str],
) -> Callable[[bool], Reconciler]:
    """`taking(found)` is a reconciler for which somebody wrote a resource, or nobody did."""

    def make(found: bool) -> Reconciler:
        def take_in(request_id: str) -> bool:
            asked.append(request_id)
            if found:
                scene = make_scene(store, URLS, spec=BatchSpec())
                declared = replace(scene.new_batch(clock.now()), resource=Resource("shop", "autumn", "u-1"))
                batches.accept(declared, scene.product_rows())
            return found

        return Reconciler(
            batches=batches,
            store=store,
            registry=registry,
            jobs=jobs,
            settler=settler,
            progress_seconds=1.0,
            clock=clock,
            take_in=take_in,
        )

    return make


def test_reconcile_of_an_unknown_id_takes_in_what_was_declared_under_it_and_works_on_that(
    taking: Callable[[bool], Reconciler],
    asked: list[str],
    jobs: MemoryJobs,
    batches: MemoryBatches,
    registry: MemoryRegistry,
) -> None:
    reconciler = taking(True)
    assert reconciler.reconcile(REQUEST_ID) is not None
    reconciler.reconcile(REQUEST_ID)
    assert (asked, jobs.calls, registry.declared) == ([REQUEST_ID], ["create"], {})
    assert batches.get(REQUEST_ID).resource.name == "autumn"


def test_reconcile_of_an_unknown_id_under_which_nothing_was_declared_does_nothing(
    taking: Callable[[bool], Reconciler], asked: list[str], jobs: MemoryJobs, registry: MemoryRegistry
) -> None:
    assert taking(False).reconcile(REQUEST_ID) is None
    assert (asked, jobs.calls, registry.shown) == ([REQUEST_ID], [], [])
