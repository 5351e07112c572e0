"""A `Batches` in memory for tests of intake, API and operator; of locks only the answer, of wake-ups nothing."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from imagebatch.model.batch import Batch, Intent, Progress
from imagebatch.model.errors import NotFound, Unavailable
from imagebatch.model.status import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from imagebatch.model.batch import Verdict
    from imagebatch.ports import Final, NewBatch, ProductRow, SettledSlot


class MemoryBatches:
    """Batches by request id, their products in `rows`, what was written at the end in `finals` and `slots`.

    `outage` is raised by acceptance and reading while it is set, `finish_fails` by `finish`; `locked`: another settles.
    """

    def __init__(self) -> None:
        self.outage: Unavailable | None = None
        self.batches: dict[str, Batch] = {}
        self.rows: dict[str, list[ProductRow]] = {}
        self.finals: dict[str, Final] = {}
        self.slots: dict[str, list[SettledSlot]] = {}
        self.locked = False
        self.finish_fails: Unavailable | None = None

    def accept(self, batch: NewBatch, rows: Iterable[ProductRow]) -> None:
        self.check()
        self.rows.setdefault(batch.request_id, list(rows))
        self.batches.setdefault(batch.request_id, as_accepted(batch))

    def get(self, request_id: str, owners: frozenset[str] | None = None) -> Batch:
        self.check()
        found = self.batches.get(request_id)
        if found is None or (owners is not None and found.owner not in owners):
            raise NotFound(f"there is no request {request_id}")
        return found

    def unfinished(self) -> list[str]:
        return [request_id for request_id, batch in self.batches.items() if not batch.status.is_final]

    def record_progress(self, request_id: str, verdict: Verdict, progress: Progress, now: datetime) -> None:
        self.batches[request_id] = replace(
            self.batches[request_id], verdict=verdict, progress=progress, updated_at=now, started_at=now
        )

    def record_cancel(self, request_id: str) -> None:
        batch = self.batches[request_id]
        self.batches[request_id] = replace(batch, intent=replace(batch.intent, cancel=True))

    @contextmanager
    def settling(self, request_id: str) -> Iterator[bool]:
        yield not self.locked

    def finish(self, request_id: str, final: Final, slots: Iterable[SettledSlot]) -> bool:
        if self.finish_fails is not None:
            raise self.finish_fails
        batch, found = self.batches[request_id], list(slots)
        if batch.status.is_final:
            return False
        self.finals[request_id], self.slots[request_id] = final, found
        self.batches[request_id] = replace(
            batch,
            verdict=final.verdict,
            progress=final.progress,
            has_result=final.has_result,
            finished_at=final.finished_at,
        )
        return True

    def wake_ups(self, timeout_seconds: float) -> list[str]:
        return []

    def check(self) -> None:
        if self.outage is not None:
            raise self.outage


def as_accepted(batch: NewBatch) -> Batch:
    """Return the batch that acceptance makes of it."""
    return Batch(
        request_id=batch.request_id,
        owner=batch.owner,
        verdict=ACCEPTED,
        spec=batch.spec,
        intent=Intent(parallelism=batch.spec.parallelism),
        progress=batch.progress,
        has_result=False,
        source_sha256=batch.source_sha256,
        created_at=batch.accepted_at,
        updated_at=batch.accepted_at,
    )
