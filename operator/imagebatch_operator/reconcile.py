"""One look at one batch: observe, decide, act. Called by the work queue, one at a time per request."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from imagebatch.intake import declared
from imagebatch.model.errors import NotFound, Refused, Unavailable
from imagebatch_operator.lifecycle import (
    Abandon,
    Action,
    AdjustJob,
    CreateJob,
    Decision,
    DeleteJob,
    Observation,
    Refusal,
    Settle,
    Shards,
    Withdraw,
    decide,
)
from imagebatch_operator.progress import BatchProgress

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from imagebatch.model.batch import Batch, Intent
    from imagebatch.ports import Batches, BlobStore, Clock, Jobs, JobSpec, JobView, Registry
    from imagebatch_operator.settle import Settler

SOONEST_SECONDS = 0.1
SHARE_OF_AGE = 0.1  # a young batch is looked at often, so that a small one ends soon
QUEUE_FACTOR = 5  # a batch of which no shard runs is looked at so much rarer
LOOKING_SHARE = 10  # of the time, at most a tenth goes into looking
LOCKED_SECONDS = 1.0
CLUSTER = "cluster"

log = logging.getLogger(__name__)


class Reconciler:
    """Brings batches forward. What it remembers only saves reading twice; it may be lost at any time."""

    def __init__(
        self,
        *,
        batches: Batches,
        store: BlobStore,
        registry: Registry,
        jobs: Jobs,
        settler: Settler,
        progress_seconds: float,
        clock: Clock,
        on_gone: Callable[[], None] = lambda: None,
        take_in: Callable[[str], bool] = lambda _: False,
    ) -> None:
        """`on_gone` is called when a request that word came of is not there: it was deleted.

        `take_in` makes a request of what was declared by hand under an id; False: there is no such thing.
        """
        self._on_gone = on_gone
        self._take_in = take_in
        self._batches = batches
        self._store = store
        self._registry = registry
        self._jobs = jobs
        self._settler = settler
        self._progress_seconds = progress_seconds
        self._clock = clock
        self._accepted_at: dict[str, datetime] = {}
        self._progress: dict[str, BatchProgress] = {}
        self._store_lost_since: dict[str, datetime] = {}
        self._refusals: dict[str, Refusal] = {}

    def reconcile(self, request_id: str) -> float | None:
        """Do what is to be done now; return in how many seconds to look again, None when the sweep will do.

        Raises Unavailable when something does not answer: try again with back-off.
        """
        batch = self._find(request_id)
        if batch is None:
            return None
        self._forget_if_made_anew(batch)
        batch = self._declared(batch)
        intent = self._intent(batch)
        started = self._clock.monotonic()
        observation, trouble = self._observe(batch)
        look_seconds = self._clock.monotonic() - started
        decision = decide(batch, intent, observation, self._clock.now())
        if trouble is not None and decision.action is None:
            raise trouble
        again_seconds = self._carry_out(replace(batch, intent=intent), decision, observation.job)
        if not decision.watch:
            return None
        return again_seconds or max(self._pause_seconds(batch, observation), LOOKING_SHARE * look_seconds)

    def _find(self, request_id: str) -> Batch | None:
        """Return the batch, made now if it was declared by hand; without one, remove what may be left of it."""
        with suppress(NotFound):
            return self._batches.get(request_id)
        if self._take_in(request_id):
            return self._find(request_id)
        self._forget(request_id)
        if self._jobs.view(request_id) is not None:
            self._jobs.delete(request_id)
        self._on_gone()
        return None

    def _declared(self, batch: Batch) -> Batch:
        """Return the batch with the resource that declares it, which is made here if nobody did."""
        if batch.status.is_final:
            return batch
        try:
            known = declared(batch, self._batches, self._registry)
        except Refused as error:
            self._note_refusal(batch.request_id, error)
            return replace(batch, resource=batch.resource or self._registry.place(batch.request_id))
        if known is not batch:
            self._refusals.pop(batch.request_id, None)  # whatever the Job is refused for now is another matter
        return known

    def _intent(self, batch: Batch) -> Intent:
        """Return what people want, as the row now says too; a cancel seen anywhere stays in it."""
        intent = self._registry.intent(batch)
        if batch.status.is_final:
            return intent
        request_id, row = batch.request_id, batch.intent
        if intent.cancel and not row.cancel:
            self._batches.record_cancel(request_id)
        if (intent.suspend, intent.parallelism) != (row.suspend, row.parallelism):
            now = self._clock.now()
            self._batches.record_intent(request_id, now, suspend=intent.suspend, parallelism=intent.parallelism)
        return replace(intent, cancel=intent.cancel or row.cancel)

    def _observe(self, batch: Batch) -> tuple[Observation, Unavailable | None]:
        """Look at the Job, then at the store: a Job seen finished has written all it ever will."""
        request_id, job = batch.request_id, self._jobs.view(batch.request_id)
        if batch.status.is_final:
            self._forget(request_id)
            return Observation(job, None), None
        shards: Shards | None = None
        trouble: Unavailable | None = None
        try:
            shards = self._progress_of(request_id).look()
        except Unavailable as error:
            trouble = error
        lost_since, refusal = self._store_lost_since.get(request_id), self._refusals.get(request_id)
        return Observation(job, shards, lost_since, refusal), trouble

    def _carry_out(self, batch: Batch, decision: Decision, job: JobView | None) -> float | None:
        """Record, act, and show what came of it; return in how many seconds its effect is worth a look."""
        if decision.show is not None:
            verdict, progress = decision.show
            self._batches.record_progress(batch.request_id, verdict, progress, self._clock.now())
            batch = replace(batch, verdict=verdict, progress=progress)
        match decision.action:
            case Settle() | Abandon() as end:
                return self._end(batch, end, job)
            case Withdraw() if batch.resource is not None:
                self._registry.withdraw(batch.resource)
                return None
        try:
            return None if decision.action is None else self._act(batch, decision.action)
        finally:
            self._registry.show(batch, job)

    def _act(self, batch: Batch, action: Action) -> float:
        log.debug("%s", action)
        match action:
            case CreateJob(spec):
                self._create(spec)
            case AdjustJob(suspended, parallelism):
                self._jobs.adjust(batch.request_id, suspended=suspended, parallelism=parallelism)
            case DeleteJob():
                self._jobs.delete(batch.request_id)
        return SOONEST_SECONDS

    def _create(self, spec: JobSpec) -> None:
        """Create the Job; note since when the cluster does not allow it."""
        request_id = spec.request_id
        if spec.resource is not None and spec.resource.uid is None:
            refusal = self._refusals.get(request_id)
            raise Unavailable(refusal.message if refusal else "it is not declared yet", dependency=CLUSTER)
        try:
            self._jobs.create(spec)
        except Refused as error:
            self._note_refusal(request_id, error)
            raise Unavailable(error.message, dependency=CLUSTER) from error
        self._refusals.pop(request_id, None)

    def _note_refusal(self, request_id: str, error: Refused) -> None:
        before, now = self._refusals.get(request_id), self._clock.now()
        self._refusals[request_id] = Refusal(before.since if before else now, now, error.message)

    def _end(self, batch: Batch, action: Settle | Abandon, job: JobView | None) -> float:
        """End the batch unless another process is at it; note since when the store stands in the way.

        Before it ends without results the store gets a last chance: it may be back since the last look.
        """
        request_id, stop = batch.request_id, action.stop
        try:
            ended = self._settler.settle(request_id, stop)
        except Unavailable as error:
            if error.dependency != "store":
                self._store_lost_since.pop(request_id, None)  # what stands in the way now is not the store
                raise
            self._store_lost_since.setdefault(request_id, self._clock.now())
            if not isinstance(action, Abandon):
                raise
            ended = self._settler.abandon(request_id, stop)
        if not ended:
            return LOCKED_SECONDS
        self._forget(request_id)
        with suppress(NotFound):  # its owner may have deleted it already: the next look cleans up
            self._registry.show(self._batches.get(request_id), job)
        return SOONEST_SECONDS

    def _progress_of(self, request_id: str) -> BatchProgress:
        return self._progress.setdefault(request_id, BatchProgress(self._store, request_id))

    def _forget_if_made_anew(self, batch: Batch) -> None:
        """Forget what is remembered of a deleted retry if the batch is the one that has its id now."""
        if self._accepted_at.get(batch.request_id) != batch.created_at:
            self._forget(batch.request_id)
            self._accepted_at[batch.request_id] = batch.created_at

    def _forget(self, request_id: str) -> None:
        self._accepted_at.pop(request_id, None)
        self._progress.pop(request_id, None)
        self._store_lost_since.pop(request_id, None)
        self._refusals.pop(request_id, None)

    def _pause_seconds(self, batch: Batch, observation: Observation) -> float:
        """Return when to look at a running batch again: often while it is young, five times rarer in a queue."""
        job = observation.job
        if job is not None and 0 < job.active <= job.starting:
            return QUEUE_FACTOR * self._progress_seconds  # word comes when one runs
        age_seconds = (self._clock.now() - batch.created_at).total_seconds()
        in_queue = job is not None and job.active == 0
        longest = self._progress_seconds * (QUEUE_FACTOR if in_queue else 1)
        return max(SOONEST_SECONDS, min(longest, SHARE_OF_AGE * age_seconds))
