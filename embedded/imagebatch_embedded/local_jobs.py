"""Indexed Jobs on one machine: shards as child processes, at most so many at once, with the Job's exit-code rules.

The operator process holds one. What runs is known to this process only: after a restart decide creates the Job
again, and its shards do what no attempt before them finished.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from itertools import chain
from signal import SIGKILL, SIGTERM
from typing import TYPE_CHECKING

from imagebatch.ports import JobSpec, JobView
from imagebatch.telemetry import about
from imagebatch_embedded.processes import Child, Command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

PROCESSOR = (sys.executable, "-m", "imagebatch_processor")
DONE, NEVER, STOPPED = 0, 42, 43
FIRST_BACKOFF_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 60.0
STOP_GRACE_SECONDS = 15.0  # a shard ends within 13 s of SIGTERM

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Job:
    """A Job's state. `waiting` holds (index, not before) in the order in which they start.

    `asked_to_stop` says of an index when it is killed if it still runs. `failed_starts` counts since it last ran.
    """

    spec: JobSpec
    waiting: deque[tuple[int, float]]
    running: dict[int, Child] = field(default_factory=dict)
    asked_to_stop: dict[int, float] = field(default_factory=dict)
    failures: dict[int, int] = field(default_factory=dict)
    failed_starts: dict[int, int] = field(default_factory=dict)
    succeeded: int = 0
    failed: int = 0
    deleted: bool = False
    last_start: float = 0.0

    @property
    def allowed(self) -> int:
        """How many of its shards may run now."""
        return 0 if self.spec.suspended or self.deleted else self.spec.parallelism

    def may_start(self, now: float) -> bool:
        """Whether a shard of it may start now."""
        return len(self.running) < self.allowed and any(not_before <= now for _, not_before in self.waiting)

    def take(self, now: float) -> int:
        """Take the first index that may start now."""
        turn = next(turn for turn in self.waiting if turn[1] <= now)
        self.waiting.remove(turn)
        self.last_start = now
        return turn[0]

    def view(self) -> JobView:
        """Return what the port shows."""
        return JobView(self.spec, active=len(self.running), succeeded=self.succeeded, failed=self.failed)


class LocalJobs:
    """The Jobs port with child processes. `on_change` gets a request id whenever one of its workers ends.

    `environment` is what every shard's `program` gets besides its REQUEST_ID and JOB_COMPLETION_INDEX, and
    `kept_open` are descriptors that it holds. A shard that still runs `stop_grace_seconds` after SIGTERM is killed.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        logs: Path,
        *,
        max_shards: int,
        on_change: Callable[[str], None],
        program: Sequence[str] = PROCESSOR,
        kept_open: Sequence[int] = (),
        stop_grace_seconds: float = STOP_GRACE_SECONDS,
    ) -> None:
        self._environment = dict(environment)
        self._program = program
        self._kept_open = tuple(kept_open)
        self._logs = logs
        self._max_shards = max_shards
        self._on_change = on_change
        self._stop_grace_seconds = stop_grace_seconds
        self._jobs: dict[str, _Job] = {}
        self._changed = threading.Condition()
        self._closing = False
        # Children get a signal when the thread that started them ends: this one lives until `close`.
        self._starter = threading.Thread(target=self._run, name="local-jobs")
        self._starter.start()

    def view(self, request_id: str) -> JobView | None:
        """Return the request's Job; one that was deleted is there until its last worker ended."""
        with self._changed:
            job = self._jobs.get(request_id)
            return job.view() if job else None

    def create(self, spec: JobSpec) -> None:
        """Start a Job unless it is there, or still ending."""
        with self._changed:
            if spec.request_id not in self._jobs:
                self._jobs[spec.request_id] = _Job(spec, deque((index, 0.0) for index in range(spec.shards)))
                self._changed.notify()

    def adjust(self, request_id: str, *, suspended: bool, parallelism: int) -> None:
        """Suspend, resume or change how many shards run at once; surplus ones get SIGTERM."""
        with self._changed:
            job = self._jobs.get(request_id)
            if job is not None:
                job.spec = replace(job.spec, suspended=suspended, parallelism=parallelism)
                self._changed.notify()

    def delete(self, request_id: str) -> None:
        """Stop a Job's workers and forget it once they ended."""
        with self._changed:
            job = self._jobs.get(request_id)
            if job is not None:
                job.deleted = True
                self._forget_if_over(job)
                self._changed.notify()

    def close(self) -> None:
        """Stop all workers, by force after a grace, and wait for their end."""
        with self._changed:
            self._closing = True
            for job in self._jobs.values():
                job.deleted = True
            self._changed.notify()
        self._starter.join()

    def _run(self) -> None:
        with self._changed:
            while not self._closing:
                self._changed.wait(self._turn())
            self._stop_surplus()
            self._changed.wait_for(lambda: not self._running(), self._stop_grace_seconds)
            for child in self._running():
                child.kill()

    def _turn(self) -> float | None:
        """Bring what runs to where it should be; return how long that holds if nothing changes."""
        now = time.monotonic()  # one for all: what is due a moment later must not fall between two looks at the clock
        try:
            self._stop_surplus()
            self._kill_overdue(now)
            self._start_due(now)
        except Exception:
            # This thread's end would be the end of every shard.
            log.exception("unexpected in local jobs; going on")
            return FIRST_BACKOFF_SECONDS
        return self._seconds_to_next(now)

    def _running(self) -> list[Child]:
        return list(chain.from_iterable(job.running.values() for job in self._jobs.values()))

    def _stop_surplus(self) -> None:
        for job in self._jobs.values():
            staying = [index for index in job.running if index not in job.asked_to_stop]
            for index in staying[job.allowed :]:
                job.asked_to_stop[index] = time.monotonic() + self._stop_grace_seconds
                job.running[index].send(SIGTERM)

    def _kill_overdue(self, now: float) -> None:
        """Kill what does not stop, such as a process that is frozen: it would keep its place for ever."""
        for job in self._jobs.values():
            for index, kill_at in job.asked_to_stop.items():
                if kill_at <= now:
                    job.running[index].send(SIGKILL)

    def _start_due(self, now: float) -> None:
        while len(self._running()) < self._max_shards and (job := self._next_job(now)) is not None:
            self._start(job)

    def _next_job(self, now: float) -> _Job | None:
        """Return the Job whose turn it is: the fewest running, then the longest without a start."""
        return min(
            (job for job in self._jobs.values() if job.may_start(now)),
            key=lambda job: (len(job.running), job.last_start),
            default=None,
        )

    def _seconds_to_next(self, now: float) -> float | None:
        """Return how long until a shard's back-off or its time to stop ends; None: only a change matters."""
        moments = [not_before for job in self._jobs.values() for _, not_before in job.waiting]
        moments += chain.from_iterable(job.asked_to_stop.values() for job in self._jobs.values())
        later = [moment - now for moment in moments if moment > now]
        return min(later) if later else None

    def _start(self, job: _Job) -> None:
        index = job.take(time.monotonic())
        request_id = job.spec.request_id
        task = {"REQUEST_ID": request_id, "JOB_COMPLETION_INDEX": str(index)}
        environment = {**self._environment, **task}
        command = Command(self._program, environment, on_parent_death="TERM", kept_open=self._kept_open)
        try:
            child = Child(command, self._logs / f"{request_id}.log")
            self._watch(job, index, child)
        # Without a free thread or process too this one, which every shard hangs on, has to live.
        except (OSError, RuntimeError):
            with about(request_id):
                log.exception("shard %d cannot be started", index)
                # Not a failure: no attempt ran, so it uses up no retry.
                starts = job.failed_starts[index] = job.failed_starts.get(index, 0) + 1
                self._try_again(job, index, starts)

    def _watch(self, job: _Job, index: int, child: Child) -> None:
        name = f"shard-{job.spec.request_id}-{index}"
        try:
            threading.Thread(target=self._await_end, args=(job, index, child), name=name, daemon=True).start()
        except RuntimeError:
            child.kill()
            raise
        job.running[index] = child
        job.failed_starts.pop(index, None)

    def _await_end(self, job: _Job, index: int, child: Child) -> None:
        code = child.wait()
        with about(job.spec.request_id), self._changed:
            del job.running[index]
            asked = job.asked_to_stop.pop(index, None) is not None
            ended = -1 if code is None else code
            # A signal ends what was asked to stop: SIGTERM while it starts, SIGKILL if it does not obey.
            self._record(job, index, STOPPED if asked and ended < 0 else ended)
            self._forget_if_over(job)
            self._changed.notify_all()
        self._on_change(job.spec.request_id)

    def _record(self, job: _Job, index: int, code: int) -> None:
        """Draw the consequence of an exit code, as the Job's podFailurePolicy does."""
        if code == DONE:
            job.succeeded += 1
        elif code == STOPPED:
            job.waiting.appendleft((index, 0.0))
        elif code == NEVER or job.failures.get(index, 0) >= job.spec.retries_per_shard:
            log.error("shard %d ended with %d and is given up", index, code)
            job.failed += 1
        else:
            log.warning("shard %d ended with %d", index, code)
            failures = job.failures[index] = job.failures.get(index, 0) + 1
            self._try_again(job, index, failures)

    def _try_again(self, job: _Job, index: int, times: int) -> None:
        """Put an index off that failed so many times."""
        wait = backoff_seconds(times)
        log.warning("shard %d is started again in %.0f s", index, wait)
        job.waiting.append((index, time.monotonic() + wait))

    def _forget_if_over(self, job: _Job) -> None:
        if job.deleted and not job.running:
            self._jobs.pop(job.spec.request_id, None)


def backoff_seconds(times: int) -> float:
    """Return how long a shard waits that failed so many times."""
    doublings = min(times - 1, 16)  # starts may fail for days, and no float holds 2 to the power of that
    return min(FIRST_BACKOFF_SECONDS * 2.0**doublings, LONGEST_BACKOFF_SECONDS)
