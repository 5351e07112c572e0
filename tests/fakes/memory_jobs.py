"""`Jobs` and `Registry` in memory: Jobs do only what the test says."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from imagebatch.model.batch import Resource
from imagebatch.ports import JobView

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagebatch.model.batch import Batch, Intent
    from imagebatch.ports import JobSpec


class MemoryJobs:
    """Jobs by request id. `calls` lists what was asked for; `set` says how a Job stands; `trouble`: none is created."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.jobs: dict[str, JobView] = {}
        self.trouble: Exception | None = None

    def view(self, request_id: str) -> JobView | None:
        return self.jobs.get(request_id)

    def create(self, spec: JobSpec) -> None:
        self.calls.append("create")
        if self.trouble is not None:
            raise self.trouble
        self.jobs.setdefault(spec.request_id, JobView(spec, active=0, succeeded=0, failed=0))

    def adjust(self, request_id: str, *, suspended: bool, parallelism: int) -> None:
        self.calls.append("suspend" if suspended else "adjust")
        job = self.jobs[request_id]
        self.jobs[request_id] = replace(job, spec=replace(job.spec, suspended=suspended, parallelism=parallelism))

    def delete(self, request_id: str) -> None:
        self.calls.append("delete")
        self.jobs.pop(request_id, None)

    def set(self, request_id: str, *, active: int = 0, succeeded: int = 0, failed: int = 0, starting: int = 0) -> None:
        self.jobs[request_id] = JobView(self.jobs[request_id].spec, active, succeeded, failed, starting)


class MemoryRegistry:
    """A registry that wants what the row says, or `wanted` if that is set; `shown` lists what it was shown.

    With a `namespace`, batches are declared in it; `trouble` is raised where one is to be, and `meanwhile` is called.
    """

    def __init__(self, namespace: str = "") -> None:
        self.wanted: Intent | None = None
        self.shown: list[Batch] = []
        self.namespace = namespace
        self.trouble: Exception | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        self.declared: dict[str, str] = {}
        self.withdrawn: list[Resource] = []

    def place(self, request_id: str) -> Resource | None:
        return Resource(self.namespace, f"ib-{request_id}") if self.namespace else None

    def declare(self, batch: Batch) -> str:
        if self.trouble is not None:
            raise self.trouble
        self.meanwhile()
        return self.declared.setdefault(batch.request_id, str(uuid.uuid4()))

    def intent(self, batch: Batch) -> Intent:
        return self.wanted or batch.intent

    def suspend(self, batch: Batch, *, suspended: bool) -> None:
        self.wanted = replace(self.wanted or batch.intent, suspend=suspended)

    def show(self, batch: Batch, job: JobView | None) -> None:
        if not self.shown or self.shown[-1] != batch:
            self.shown.append(batch)

    def withdraw(self, resource: Resource) -> None:
        self.withdrawn.append(resource)
