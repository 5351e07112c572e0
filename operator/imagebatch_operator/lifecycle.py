"""What to do next about a batch: one pure function over everything that is known. Called by reconcile.

`decide` may be called any number of times with the same facts and answers the same; it remembers nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from imagebatch.model.batch import Batch, Intent, Progress, Status, Verdict
from imagebatch.model.status import live_verdict
from imagebatch.ports import JobSpec

if TYPE_CHECKING:
    from datetime import datetime

    from imagebatch.ports import JobView

STRAGGLER_GRACE = timedelta(minutes=1)  # past the deadline a worker that does not end is no longer waited for
STORE_GRACE = timedelta(minutes=30)  # how long a batch that has ended waits for a store that is gone
REFUSAL_GRACE = timedelta(minutes=5)  # a quota may be raised, a role be given, a namespace not be going after all
BACKSTOP_SECONDS = 3600  # the Job's own deadline comes so much later


@dataclass(frozen=True, slots=True)
class Shards:
    """What the store tells of a batch: `total` shards, `complete` of them with results; `started` if any ever ran."""

    total: int
    complete: int
    started: bool
    progress: Progress

    @property
    def all_complete(self) -> bool:
        """True when every shard has its results."""
        return self.complete >= self.total


@dataclass(frozen=True, slots=True)
class Refusal:
    """When the cluster first and last refused the batch's Job or resource, and its words."""

    since: datetime
    until: datetime
    message: str


@dataclass(frozen=True, slots=True)
class Observation:
    """A batch's surroundings. `shards` None: the store does not answer. The Job was looked at before the store.

    `store_lost_since` is when the store first failed a batch that needed nothing but the store to end.
    """

    job: JobView | None
    shards: Shards | None
    store_lost_since: datetime | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a batch is stopped before its time. None of it holds once every shard has its results.

    `refused` are the words with which the cluster refused the batch for good.
    """

    cancelled: bool = False
    deadline_passed: bool = False
    refused: str = ""

    def __bool__(self) -> bool:
        """Return whether the batch is to be stopped at all."""
        return self.cancelled or self.deadline_passed or bool(self.refused)


@dataclass(frozen=True, slots=True)
class CreateJob:
    """Start the batch's Job."""

    spec: JobSpec


@dataclass(frozen=True, slots=True)
class AdjustJob:
    """Suspend, resume or resize the batch's Job."""

    suspended: bool
    parallelism: int


@dataclass(frozen=True, slots=True)
class DeleteJob:
    """Remove the Job of a batch that has ended, or of a deleted retry that had the batch's id before."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Remove the resource of a batch that has ended and whose time after that is over."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Write the results and the final status."""

    stop: Stop = field(default_factory=Stop)


@dataclass(frozen=True, slots=True)
class Abandon:
    """Write a final status without results: the store is gone."""

    stop: Stop = field(default_factory=Stop)


Action = CreateJob | AdjustJob | DeleteJob | Withdraw | Settle | Abandon


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do: at most one action, at most one status to show, and whether things are moving."""

    action: Action | None = None
    show: tuple[Verdict, Progress] | None = None
    watch: bool = False


NOTHING = Decision()


def decide(batch: Batch, intent: Intent, observation: Observation, now: datetime) -> Decision:
    """Return what is to be done about a batch."""
    job = observation.job
    if batch.status.is_final:
        if job is not None:
            return _remove(job)
        return Decision(Withdraw()) if _is_past_its_time(batch, intent, now) else NOTHING
    stop, its_own = _stop(batch, intent, observation, now), job is None or _is_of(job, batch)
    has_ended = its_own and _has_ended(job, stop, observation.shards)
    if has_ended or _waited_long_enough(batch, stop, observation.shards, now):
        return _end(batch, intent, observation, stop, now)
    if job is not None and not its_own:
        return _remove(job)
    action = _steer(batch, intent, observation, stop)
    return Decision(action, _show(batch, intent, observation), watch=_moves(job, stop, action))


def _remove(job: JobView) -> Decision:
    """Return what rids a batch of a Job. Pods that are left of one that is gone, as of a lost node, are waited for."""
    return Decision(DeleteJob() if job.spec.shards else None, watch=True)


def deadline(batch: Batch, now: datetime) -> datetime:
    """Return when the batch is to be over, counted from its acceptance; the time that it rests does not count."""
    rested = timedelta(seconds=batch.suspended_seconds)
    if batch.suspended_at is not None:
        rested += now - batch.suspended_at
    return batch.created_at + timedelta(seconds=batch.spec.active_deadline_seconds) + rested


def _is_past_its_time(batch: Batch, intent: Intent, now: datetime) -> bool:
    if intent.ttl_seconds is None or batch.finished_at is None or batch.resource is None or batch.resource.uid is None:
        return False
    return now >= batch.finished_at + timedelta(seconds=intent.ttl_seconds)


def _is_of(job: JobView, batch: Batch) -> bool:
    """Return whether a Job is the batch's own, not that of a deleted retry that had its id before."""
    return job.spec.accepted_at == batch.created_at


def _stop(batch: Batch, intent: Intent, observation: Observation, now: datetime) -> Stop:
    shards, refusal = observation.shards, observation.refusal
    if shards is not None and shards.all_complete:
        return Stop()
    for_good = observation.job is None and refusal is not None and refusal.until - refusal.since >= REFUSAL_GRACE
    return Stop(
        cancelled=intent.cancel,
        deadline_passed=now >= deadline(batch, now),
        refused=refusal.message if refusal is not None and for_good else "",
    )


def _has_ended(job: JobView | None, stop: Stop, shards: Shards | None) -> bool:
    """Return whether no worker is left and none will start that could add anything."""
    nothing_missing = shards is not None and shards.all_complete
    if job is None:
        return bool(stop) or nothing_missing
    if job.active:
        return False
    return job.finished or nothing_missing or (bool(stop) and job.spec.suspended)


def _waited_long_enough(batch: Batch, stop: Stop, shards: Shards | None, now: datetime) -> bool:
    """Return whether a worker that is still there can be left behind: what it adds now comes too late."""
    over = bool(stop) or (shards is not None and shards.all_complete)
    # That it rests now gives it no more time: it was suspended before its deadline, so its workers had the grace.
    return over and now >= deadline(replace(batch, suspended_at=None), now) + STRAGGLER_GRACE


def _end(batch: Batch, intent: Intent, observation: Observation, stop: Stop, now: datetime) -> Decision:
    lost_since = observation.store_lost_since
    if lost_since is not None and now - lost_since >= STORE_GRACE:
        return Decision(Abandon(stop), watch=True)
    # A batch of which nothing ran goes from Pending to its end: Processing begins with the first running shard.
    show = _show(batch, intent, observation, publishing=True) if _started(batch, observation) else None
    return Decision(Settle(stop), show, watch=True)


def _steer(batch: Batch, intent: Intent, observation: Observation, stop: Stop) -> Action | None:
    """Return what brings the Job to where it should be, None when it is there."""
    job, shards = observation.job, observation.shards
    if job is None:
        return CreateJob(_job_spec(batch, intent, shards)) if shards is not None else None
    if not job.spec.shards:  # what ends of a Job that is gone is waited for
        return None
    wanted = AdjustJob(suspended=bool(stop) or intent.suspend, parallelism=intent.parallelism)
    is_so = AdjustJob(suspended=job.spec.suspended, parallelism=job.spec.parallelism)
    return wanted if wanted != is_so else None


def _job_spec(batch: Batch, intent: Intent, shards: Shards) -> JobSpec:
    return JobSpec(
        request_id=batch.request_id,
        shards=shards.total,
        parallelism=intent.parallelism,
        retries_per_shard=batch.spec.retries_per_shard,
        suspended=intent.suspend,
        accepted_at=batch.created_at,
        resource=batch.resource,
        active_deadline_seconds=batch.spec.active_deadline_seconds + BACKSTOP_SECONDS,
    )


def _show(
    batch: Batch, intent: Intent, observation: Observation, *, publishing: bool = False
) -> tuple[Verdict, Progress] | None:
    """Return the status to write, None when the row says it already. Counts never go back."""
    progress = batch.progress
    if observation.shards is not None:
        progress = max(progress, observation.shards.progress, key=lambda each: each.counts.done)
    started, has_job = _started(batch, observation), observation.job is not None
    refused = observation.refusal.message if observation.refusal is not None and not has_job else ""
    verdict = live_verdict(
        progress.counts, intent, started=started, has_job=has_job, publishing=publishing, refused=refused
    )
    return (verdict, progress) if (verdict, progress) != (batch.verdict, batch.progress) else None


def _started(batch: Batch, observation: Observation) -> bool:
    shards = observation.shards
    return batch.status is Status.PROCESSING or (shards is not None and shards.started)


def _moves(job: JobView | None, stop: Stop, action: Action | None) -> bool:
    """Return whether a change is to be expected soon; a Job that rests suspended is left to the sweep."""
    return action is not None or bool(stop) or (job is not None and (job.active > 0 or not job.spec.suspended))
