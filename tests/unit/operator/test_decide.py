"""`decide` as a table: what is known, and the one thing that is done then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from imagebatch.model.batch import Batch, BatchSpec, Bytes, Counts, Intent, Progress, Reason, Status, Verdict
from imagebatch.model.status import ACCEPTED
from imagebatch.ports import JobSpec, JobView
from imagebatch_operator.lifecycle import (
    Abandon,
    Action,
    AdjustJob,
    CreateJob,
    DeleteJob,
    Observation,
    Settle,
    Shards,
    Stop,
    decide,
)

T0 = datetime(2026, 1, 2, tzinfo=UTC)
SHARDS = 3
JOB = JobSpec("r", SHARDS, parallelism=4, retries_per_shard=5, accepted_at=T0, active_deadline_seconds=7200)
OLD_JOB = replace(JOB, accepted_at=T0 - timedelta(days=1))
GONE_JOB = JobSpec("r", 0, 0, 0, suspended=True, accepted_at=T0)
SUSPENDED_JOB = replace(JOB, suspended=True)
CANCEL, SUSPEND = Intent(cancel=True), Intent(suspend=True)
CANCELLED, LATE = Stop(cancelled=True), Stop(deadline_passed=True)

BATCH = Batch(
    request_id="r",
    owner="o",
    verdict=ACCEPTED,
    spec=BatchSpec(active_deadline_seconds=3600),
    intent=Intent(),
    progress=Progress(Counts(30)),
    has_result=False,
    source_sha256="",
    created_at=T0,
    updated_at=T0,
)
FINAL = replace(BATCH, verdict=Verdict(Status.COMPLETED, Reason.ALL_SUCCEEDED, ""))


def shards(complete: int = 0, *, done: int = 0, started: bool = False) -> Shards:
    return Shards(SHARDS, complete, started or bool(complete or done), Progress(Counts(30, done), Bytes(done, done)))


def job(active: int = 0, succeeded: int = 0, failed: int = 0, spec: JobSpec = JOB) -> JobView:
    return JobView(spec, active, succeeded, failed)


RUN, UNTOUCHED = Intent(), shards()


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    name: str
    action: Action | None
    job: JobView | None = None
    shards: Shards | None = UNTOUCHED
    intent: Intent = RUN
    batch: Batch = BATCH
    minutes: float = 0
    lost_minutes: float | None = None


TABLE = [
    Case("accepted: create", CreateJob(JOB)),
    Case("accepted, suspended: create suspended", CreateJob(SUSPENDED_JOB), intent=SUSPEND),
    Case("accepted, store away: wait", None, shards=None),
    Case("other parallelism: create so", CreateJob(replace(JOB, parallelism=9)), intent=Intent(parallelism=9)),
    Case("queued: nothing", None, job()),
    Case("running: nothing", None, job(active=2), shards(done=4)),
    Case("job gone, its workers end: wait", None, job(active=2, spec=GONE_JOB), shards(done=4)),
    Case("job gone, its workers end, cancelled: wait", None, job(active=2, spec=GONE_JOB), shards(done=4), CANCEL),
    Case("running, store away: nothing", None, job(active=2), None),
    Case("suspend wanted: suspend", AdjustJob(suspended=True, parallelism=4), job(active=2), intent=SUSPEND),
    Case("suspend reached: nothing", None, job(spec=SUSPENDED_JOB), intent=SUSPEND),
    Case("resume wanted: resume", AdjustJob(suspended=False, parallelism=4), job(spec=SUSPENDED_JOB)),
    Case("parallelism: resize", AdjustJob(suspended=False, parallelism=2), job(active=4), intent=Intent(parallelism=2)),
    Case("Job deleted by hand: create again", CreateJob(JOB), None, shards(complete=1, done=10)),
    Case("all results, worker ending: wait", None, job(active=1, succeeded=2), shards(complete=3)),
    Case("all results, no worker: settle", Settle(), job(succeeded=3), shards(complete=3)),
    Case("all results, Job behind: settle", Settle(), job(succeeded=1), shards(complete=3)),
    Case("all results, no Job: settle", Settle(), None, shards(complete=3)),
    Case("all results, suspended: settle", Settle(), job(spec=SUSPENDED_JOB), shards(complete=3), SUSPEND),
    Case("a shard given up, others run: wait", None, job(active=1, succeeded=1, failed=1), shards(complete=1)),
    Case("a shard given up, Job over: settle", Settle(), job(succeeded=2, failed=1), shards(complete=2)),
    Case("Job over, store away: settle", Settle(), job(succeeded=2, failed=1), None),
    Case("cancel, running: suspend", AdjustJob(suspended=True, parallelism=4), job(active=2), intent=CANCEL),
    Case("cancel, idle Job: suspend first", AdjustJob(suspended=True, parallelism=4), job(), intent=CANCEL),
    Case("cancel, store away: suspend", AdjustJob(suspended=True, parallelism=4), job(active=1), None, CANCEL),
    Case("cancel, workers ending: wait", None, job(active=1, spec=SUSPENDED_JOB), intent=CANCEL),
    Case("cancel, workers gone: settle", Settle(CANCELLED), job(spec=SUSPENDED_JOB), intent=CANCEL),
    Case("cancel, no Job: settle", Settle(CANCELLED), intent=CANCEL),
    Case("cancel, Job over: settle", Settle(CANCELLED), job(succeeded=2, failed=1), shards(complete=2), CANCEL),
    Case("cancel after all results: plain settle", Settle(), job(succeeded=3), shards(complete=3), CANCEL),
    Case("deadline, running: suspend", AdjustJob(suspended=True, parallelism=4), job(active=2), minutes=60),
    Case("deadline, not yet: nothing", None, job(active=2), minutes=59.9),
    Case("deadline, workers gone: settle", Settle(LATE), job(spec=SUSPENDED_JOB), minutes=60),
    Case("deadline, worker ending: wait", None, job(1, spec=SUSPENDED_JOB), minutes=60.5),
    Case("deadline, worker stuck: settle", Settle(LATE), job(1, spec=SUSPENDED_JOB), minutes=61),
    Case("deadline, no Job: settle", Settle(LATE), minutes=60),
    Case("deadline after all results: plain settle", Settle(), job(succeeded=3), shards(complete=3), minutes=60),
    Case("all results, worker stuck past the deadline: settle", Settle(), job(1), shards(complete=3), minutes=61),
    Case("cancel and deadline: both told", Settle(Stop(True, True)), intent=CANCEL, minutes=60),
    Case("over, store away 29 min: settle", Settle(), job(failed=3), None, lost_minutes=29),
    Case("over, store away 30 min: abandon", Abandon(), job(failed=3), None, lost_minutes=30),
    Case("all results, writes refused 30 min: abandon", Abandon(), job(), shards(complete=3), lost_minutes=30),
    Case("cancel, store away 30 min: abandon", Abandon(CANCELLED), None, None, CANCEL, lost_minutes=30),
    Case("running, store away 30 min: wait", None, job(active=1), None, lost_minutes=30),
    Case("Job of a deleted retry of the same id: delete", DeleteJob(), job(succeeded=3, spec=OLD_JOB)),
    Case("such a Job, worker ending: delete", DeleteJob(), job(active=1, spec=OLD_JOB), shards(complete=3)),
    Case("final, Job there: delete", DeleteJob(), job(active=1), batch=FINAL),
    Case("final, no Job: nothing", None, batch=FINAL),
    Case("final, cancel and deadline: nothing", None, None, shards(), CANCEL, FINAL, minutes=99),
]


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_decide_for_a_line_of_the_table_does_what_it_says(case: Case) -> None:
    now = T0 + timedelta(hours=5) if case.lost_minutes else T0 + timedelta(minutes=case.minutes)
    day = replace(case.batch, spec=BatchSpec(active_deadline_seconds=86_400))
    batch = day if case.lost_minutes else case.batch
    lost_since = now - timedelta(minutes=case.lost_minutes) if case.lost_minutes else None
    decision = decide(batch, case.intent, Observation(case.job, case.shards, lost_since), now)
    assert decision.action == case.action


@pytest.mark.parametrize(
    ("observation", "intent", "reason"),
    [
        (Observation(job(), shards()), Intent(), Reason.QUEUED),
        (Observation(job(active=1), shards()), Intent(), Reason.QUEUED),
        (Observation(job(active=1), shards(started=True)), Intent(), Reason.RUNNING),
        (Observation(job(spec=SUSPENDED_JOB), shards()), SUSPEND, Reason.SUSPENDED),
        (Observation(job(active=1), shards(done=3)), CANCEL, Reason.CANCELLING),
        (Observation(job(succeeded=3), shards(complete=3)), Intent(), Reason.PUBLISHING),
    ],
)
def test_decide_for_an_unfinished_batch_shows_its_reason(
    observation: Observation, intent: Intent, reason: Reason
) -> None:
    shown = decide(BATCH, intent, observation, T0).show
    assert shown is not None
    assert shown[0].reason is reason


def test_decide_when_the_row_says_it_already_shows_nothing() -> None:
    observation = Observation(job(active=1), shards(done=4))
    shown = decide(BATCH, Intent(), observation, T0).show
    assert shown is not None
    batch = replace(BATCH, verdict=shown[0], progress=shown[1])
    assert decide(batch, Intent(), observation, T0).show is None


def test_decide_when_parts_are_lost_does_not_go_back() -> None:
    running = Verdict(Status.PROCESSING, Reason.RUNNING, "9 of 30 images are done.")
    batch = replace(BATCH, verdict=running, progress=Progress(Counts(30, 9)))
    assert decide(batch, Intent(), Observation(job(active=1), shards()), T0).show is None


def test_decide_to_end_a_batch_of_which_nothing_ran_does_not_show_it_processing() -> None:
    decision = decide(BATCH, CANCEL, Observation(None, shards()), T0)
    assert (decision.action, decision.show) == (Settle(CANCELLED), None)
