"""Indexed Jobs whose shards run when the test says so, with the exit-code rules of docs/explanation/workers.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from imagebatch.ports import JobSpec, JobView

DONE, NEVER, STOPPED = 0, 42, 43

Stop = Callable[[], None]


@dataclass
class _Job:
    spec: JobSpec
    waiting: set[int]
    running: dict[int, Stop] = field(default_factory=dict)
    failures: dict[int, int] = field(default_factory=dict)
    succeeded: int = 0
    failed: int = 0
    deleted: bool = False

    @property
    def allowed(self) -> int:
        return 0 if self.spec.suspended or self.deleted else self.spec.parallelism


class PlayedJobs:
    """The Jobs port. Nothing starts by itself: `startable` says what might, `started` and `ended` tell what did.

    `given_up` are the requests of which a shard failed too often, in this and every earlier operator.
    """

    def __init__(self, given_up: set[str] | None = None) -> None:
        self.given_up = set() if given_up is None else given_up
        self._jobs: dict[str, _Job] = {}

    def view(self, request_id: str) -> JobView | None:
        job = self._jobs.get(request_id)
        return job and JobView(job.spec, len(job.running), job.succeeded, job.failed)

    def create(self, spec: JobSpec) -> None:
        self._jobs.setdefault(spec.request_id, _Job(spec, set(range(spec.shards))))

    def adjust(self, request_id: str, *, suspended: bool, parallelism: int) -> None:
        if (job := self._jobs.get(request_id)) is not None:
            job.spec = replace(job.spec, suspended=suspended, parallelism=parallelism)
            self._stop_surplus(job)

    def delete(self, request_id: str) -> None:
        if (job := self._jobs.get(request_id)) is not None:
            job.deleted = True
            self._stop_surplus(job)
            self._forget_if_over(job)

    def startable(self, request_id: str) -> list[int]:
        """Return the shards that may start now."""
        job = self._jobs.get(request_id)
        return sorted(job.waiting) if job is not None and len(job.running) < job.allowed else []

    def started(self, request_id: str, index: int, stop: Stop) -> None:
        """Note that a shard runs; `stop` asks it to end, as SIGTERM does."""
        self._jobs[request_id].waiting.remove(index)
        self._jobs[request_id].running[index] = stop

    def ended(self, request_id: str, index: int, code: int) -> None:
        """Draw the consequence of an exit code."""
        job = self._jobs[request_id]
        del job.running[index]
        if code == DONE:
            job.succeeded += 1
        elif code == STOPPED:
            job.waiting.add(index)
        elif code == NEVER or job.failures.get(index, 0) >= job.spec.retries_per_shard:
            job.failed += 1
            self.given_up.add(request_id)
        else:
            job.failures[index] = job.failures.get(index, 0) + 1
            job.waiting.add(index)
        self._forget_if_over(job)

    def lose(self) -> None:
        """End with the process that holds this: every running shard is asked to stop."""
        for job in self._jobs.values():
            job.deleted = True
            self._stop_surplus(job)

    @property
    def left(self) -> list[str]:
        """The requests that have a Job."""
        return sorted(self._jobs)

    def _stop_surplus(self, job: _Job) -> None:
        for stop in list(job.running.values())[job.allowed :]:
            stop()

    def _forget_if_over(self, job: _Job) -> None:
        if job.deleted and not job.running:
            self._jobs.pop(job.spec.request_id, None)
