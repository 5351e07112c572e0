"""The deadline, and the time that a batch rests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.manual_clock import START, ManualClock
from fakes.memory_batches import MemoryBatches
from fakes.memory_jobs import MemoryJobs
from support.batch_scene import REQUEST_ID, Scene

from imagebatch.database.row_registry import RowRegistry
from imagebatch.model.batch import Batch, BatchSpec, Counts, Intent, Progress, Reason, Status
from imagebatch.model.status import ACCEPTED
from imagebatch.ports import JobSpec, JobView
from imagebatch_operator.lifecycle import Observation, Settle, Shards, Stop, deadline, decide
from imagebatch_operator.reconcile import Reconciler

Accept = Callable[..., Scene]
HOUR = timedelta(hours=1)
SUSPEND, CANCEL = Intent(suspend=True), Intent(suspend=True, cancel=True)
BATCH = Batch(
    request_id=REQUEST_ID,
    owner="o",
    verdict=ACCEPTED,
    spec=BatchSpec(active_deadline_seconds=3600),
    intent=SUSPEND,
    progress=Progress(Counts(3)),
    has_result=False,
    source_sha256="",
    created_at=START,
    updated_at=START,
)
RESTING = replace(BATCH, suspended_at=START + HOUR / 2)
RESTING_JOB = JobSpec(REQUEST_ID, 3, 4, 5, suspended=True, accepted_at=START)


@pytest.mark.parametrize(
    ("batch", "now", "due"),
    [
        (BATCH, START + 9 * HOUR, START + HOUR),
        (replace(BATCH, suspended_seconds=60.5), START, START + HOUR + timedelta(seconds=60.5)),
        (RESTING, START + HOUR, START + 1.5 * HOUR),
        (replace(RESTING, suspended_seconds=60), START + HOUR, START + 1.5 * HOUR + timedelta(minutes=1)),
    ],
    ids=["never rested", "rested", "rests", "rests again"],
)
def test_deadline_of_a_batch_leaves_the_time_aside_that_it_rests(batch: Batch, now: object, due: object) -> None:
    assert deadline(batch, now) == due


@pytest.mark.parametrize("hours", [1, 2, 24 * 365])
def test_decide_for_a_batch_that_rests_never_finds_its_deadline_passed(hours: int) -> None:
    shards = Shards(3, 1, True, Progress(Counts(3, 1)))
    decision = decide(RESTING, SUSPEND, Observation(JobView(RESTING_JOB, 0, 1, 0), shards), START + hours * HOUR)
    assert (decision.action, decision.watch) == (None, False)


@pytest.mark.parametrize(
    ("intent", "complete", "stop"),
    [(CANCEL, 1, Stop(cancelled=True)), (SUSPEND, 3, Stop())],
    ids=["cancel", "all done"],
)
def test_decide_for_a_batch_that_rests_does_not_wait_for_ever_for_a_worker_that_is_stuck(
    intent: Intent, complete: int, stop: Stop
) -> None:
    observation = Observation(JobView(RESTING_JOB, 1, 0, 0), Shards(3, complete, True, Progress(Counts(3, complete))))
    grace = timedelta(minutes=1)
    assert decide(RESTING, intent, observation, START + HOUR + grace / 2).action is None
    assert decide(RESTING, intent, observation, START + HOUR + grace).action == Settle(stop)


@pytest.fixture
def rests(batches: MemoryBatches, clock: ManualClock) -> Callable[..., None]:
    """`rests(suspended=…)` says it as the API does on one machine."""

    def say(*, suspended: bool) -> None:
        RowRegistry(batches, clock).suspend(batches.get(REQUEST_ID), suspended=suspended)

    return say


def test_a_batch_that_rests_has_its_deadline_that_much_later(
    reconciler: Reconciler,
    accepted: Accept,
    jobs: MemoryJobs,
    batches: MemoryBatches,
    clock: ManualClock,
    rests: Callable[..., None],
) -> None:
    accepted([["http://a/0"]], active_deadline_seconds=600)
    reconciler.reconcile(REQUEST_ID)
    clock.pass_(500)
    rests(suspended=True)
    reconciler.reconcile(REQUEST_ID)
    clock.pass_(10_000)
    assert reconciler.reconcile(REQUEST_ID) is None
    assert batches.get(REQUEST_ID).verdict.reason is Reason.SUSPENDED
    rests(suspended=False)
    reconciler.reconcile(REQUEST_ID)
    assert (batches.get(REQUEST_ID).verdict.reason, jobs.calls) == (Reason.QUEUED, ["create", "suspend", "adjust"])
    clock.pass_(99)
    reconciler.reconcile(REQUEST_ID)
    assert batches.get(REQUEST_ID).status is Status.PENDING
    clock.pass_(1)
    reconciler.reconcile(REQUEST_ID)
    reconciler.reconcile(REQUEST_ID)
    assert batches.get(REQUEST_ID).verdict.reason is Reason.DEADLINE_EXCEEDED
