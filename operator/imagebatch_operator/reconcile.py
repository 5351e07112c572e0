"""One look at one batch: observe, decide, act. Called by the work queue, one at a time per request."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from imagebatch.model.errors import NotFound, Unavailable
from imagebatch_operator.lifecycle import (
    Abandon,
    Action,
    AdjustJob,
    CreateJob,
    Decision,
    DeleteJob,
    Observation,
    Settle,
    Shards,
    decide,
)
from imagebatch_operator.progress import BatchProgress

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from imagebatch.model.batch import Batch, Intent, Progress, Verdict
    from imagebatch.ports import Batches, BlobStore, Clock, Jobs, Registry
    from imagebatch_operator.settle import Settler

SOONEST_SECONDS = 0.1
SHARE_OF_AGE = 0.1  # a young batch is looked at often, so that a small one ends soon
LOOKING_SHARE = 10  # of the time, at most a tenth goes into looking
LOCKED_SECONDS = 1.0

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
    ) -> None:
        """`on_gone` is called when a request that word came of is not there: it was deleted."""
        self._on_gone = on_gone
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

    def reconcile(self, request_id: str) -> float | None:
        """Do what is to be done now; return in how many seconds to look again, None when the sweep will do.

        Raises Unavailable when something does not answer: try again with back-off.
        """
        try:
            batch = self._batches.get(request_id)
        except NotFound:
            self._forget(request_id)
            if self._jobs.view(request_id) is not None:
                self._jobs.delete(request_id)
            self._on_gone()
            return None
        self._forget_if_made_anew(batch)
        intent = self._intent(batch)
        started = self._clock.monotonic()
        observation, trouble = self._observe(batch)
        look_seconds = self._clock.monotonic() - started
        decision = decide(batch, intent, observation, self._clock.now())
        if trouble is not None and decision.action is None:
            raise trouble
        again_seconds = self._carry_out(batch, decision)
        if not decision.watch:
            return None
        return again_seconds or max(self._pause_seconds(batch, observation), LOOKING_SHARE * look_seconds)

    def _intent(self, batch: Batch) -> Intent:
        """Return what people want; a cancel seen anywhere is written into the row, where it stays."""
        intent = self._registry.intent(batch)
        if intent.cancel and not batch.intent.cancel:
            self._batches.record_cancel(batch.request_id)
        return replace(intent, cancel=intent.cancel or batch.intent.cancel)

    def _observe(self, batch: Batch) -> tuple[Observation, Unavailable | None]:
        """Look at the Job, then at the store: a Job seen finished has written all it ever will."""
        job = self._jobs.view(batch.request_id)
        if batch.status.is_final:
            self._forget(batch.request_id)
            return Observation(job, None), None
        shards: Shards | None = None
        trouble: Unavailable | None = None
        try:
            shards = self._progress_of(batch.request_id).look()
        except Unavailable as error:
            trouble = error
        return Observation(job, shards, self._store_lost_since.get(batch.request_id)), trouble

    def _carry_out(self, batch: Batch, decision: Decision) -> float | None:
        if decision.show is not None:
            self._record(batch, *decision.show)
        if decision.action is not None:
            return self._act(batch, decision.action)
        return None

    def _record(self, batch: Batch, verdict: Verdict, progress: Progress) -> None:
        self._batches.record_progress(batch.request_id, verdict, progress, self._clock.now())
        self._registry.show(replace(batch, verdict=verdict, progress=progress))

    def _act(self, batch: Batch, action: Action) -> float | None:
        """Carry an action out; return in how many seconds its effect is worth a look, None for the usual."""
        log.debug("%s", action)
        match action:
            case CreateJob(spec):
                self._jobs.create(spec)
            case AdjustJob(suspended, parallelism):
                self._jobs.adjust(batch.request_id, suspended=suspended, parallelism=parallelism)
            case DeleteJob():
                self._jobs.delete(batch.request_id)
            case Settle() | Abandon():
                return self._end(batch, action)
        return SOONEST_SECONDS

    def _end(self, batch: Batch, action: Settle | Abandon) -> float:
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
            self._registry.show(self._batches.get(request_id))
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

    def _pause_seconds(self, batch: Batch, observation: Observation) -> float:
        """Return when to look at a running batch again: often while it is young, five times rarer in a queue."""
        age_seconds = (self._clock.now() - batch.created_at).total_seconds()
        waiting = observation.job is not None and observation.job.active == 0
        longest = self._progress_seconds * (5 if waiting else 1)
        return max(SOONEST_SECONDS, min(longest, SHARE_OF_AGE * age_seconds))
