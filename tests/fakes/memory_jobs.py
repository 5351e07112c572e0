"""`Jobs` and `Registry` in memory: Jobs do only what the test says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imagebatch.ports import JobView

if TYPE_CHECKING:
    from imagebatch.model.batch import Batch, Intent
    from imagebatch.ports import JobSpec, NewBatch


class MemoryJobs:
    """Jobs by request id. `calls` lists what was asked for; `set` says how a Job stands."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.jobs: dict[str, JobView] = {}

    def view(self, request_id: str) -> JobView | None:
        return self.jobs.get(request_id)

    def create(self, spec: JobSpec) -> None:
        self.calls.append("create")
        self.jobs.setdefault(spec.request_id, JobView(spec, active=0, succeeded=0, failed=0))

    def adjust(self, request_id: str, *, suspended: bool, parallelism: int) -> None:
        self.calls.append("suspend" if suspended else "adjust")
        job = self.jobs[request_id]
        self.jobs[request_id] = replace(job, spec=replace(job.spec, suspended=suspended, parallelism=parallelism))

    def delete(self, request_id: str) -> None:
        self.calls.append("delete")
        self.jobs.pop(request_id, None)

    def set(self, request_id: str, *, active: int = 0, succeeded: int = 0, failed: int = 0) -> None:
        self.jobs[request_id] = JobView(self.jobs[request_id].spec, active, succeeded, failed)


class MemoryRegistry:
    """A registry that wants what the row says, or `wanted` if that is set; `shown` lists what it was shown."""

    def __init__(self) -> None:
        self.wanted: Intent | None = None
        self.shown: list[Batch] = []

    def declare(self, batch: NewBatch) -> None:
        pass

    def intent(self, batch: Batch) -> Intent:
        return self.wanted or batch.intent

    def show(self, batch: Batch) -> None:
        self.shown.append(batch)
