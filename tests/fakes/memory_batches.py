"""A `Batches` in memory for tests of intake, API and operator, and the state that its fellow fakes share.

`MemoryListings`, `MemoryArchive` and `MemoryDeliveries.of` are made over it and see what it sees.
"""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from threading import RLock
from typing import TYPE_CHECKING

from imagebatch.model.batch import Batch, Bytes, Counts, Intent, Progress, Reason, Status
from imagebatch.model.errors import Conflict, NotFound, Unavailable
from imagebatch.model.status import ACCEPTED, live_verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from imagebatch.model.batch import Resource, Verdict
    from imagebatch.ports import (
        DeliveryAttempt,
        Final,
        IdempotencyKey,
        NewBatch,
        NewDelivery,
        ProductRow,
        SettledSlot,
    )

ORDER = list(Status)
ENDING = (Reason.CANCELLING, Reason.PUBLISHING)


@dataclass
class Outgoing:
    """A webhook in the outbox, with its tries."""

    id: int
    request_id: str
    message: NewDelivery
    due: datetime
    tries: list[DeliveryAttempt]
    attempts: int = 0
    attempts_before: int = 0
    leased_until: datetime | None = None
    delivered_at: datetime | None = None
    given_up_at: datetime | None = None

    @property
    def unsent(self) -> bool:
        return self.delivered_at is None and self.given_up_at is None


class MemoryBatches:
    """Batches by request id, their products in `rows`, what was written at the end in `finals` and `slots`.

    Those marked deleted are in `deleted` too. `outage` is raised by acceptance and reading while it is set,
    `finish_fails` by `finish`; `locked`: another settles.
    """

    def __init__(self) -> None:
        self.outage: Unavailable | None = None
        self.batches: dict[str, Batch] = {}
        self.rows: dict[str, list[ProductRow]] = {}
        self.finals: dict[str, Final] = {}
        self.slots: dict[str, list[SettledSlot]] = {}
        self.keys: dict[tuple[str, str], tuple[str, str]] = {}
        self.deleted: dict[str, datetime] = {}
        self.outbox: dict[str, Outgoing] = {}
        self.installation = str(uuid.uuid4())
        self.locked = False
        self.finish_fails: Unavailable | None = None
        self.lock = RLock()
        self.said: list[str] = []
        self._held: set[tuple[str, ...]] = set()
        self._ids = count(1)

    def accept(self, batch: NewBatch, rows: Iterable[ProductRow]) -> None:
        self.check()
        found = list(rows)
        with self.lock:
            if batch.request_id in self.batches:
                return
            if batch.retry_of is not None:
                self.find(batch.retry_of)
            if batch.idempotency is not None:
                self._name(batch.owner, batch.idempotency, batch.request_id)
            self.rows[batch.request_id] = found
            self.batches[batch.request_id] = as_accepted(batch)
            self.said.append(batch.request_id)

    def refuse(self, batch: NewBatch, final: Final) -> None:
        self.check()
        with self.lock:
            if batch.request_id in self.batches:
                return
            self.rows[batch.request_id], self.slots[batch.request_id] = [], []
            self.finals[batch.request_id] = final
            self.batches[batch.request_id] = _ended(as_accepted(batch), final)
            if final.delivery is not None:
                self.put_out(batch.request_id, final.delivery, final.delivery.due_at or final.finished_at)
            self.said.append(batch.request_id)

    def claiming(self, owner: str, key: str) -> AbstractContextManager[bool]:
        self.check()
        return self._holding("upload", owner, key)

    def keyed(self, owner: str, key: str) -> tuple[str, str] | None:
        self.check()
        return self.keys.get((owner, key))

    def get(self, request_id: str, owners: frozenset[str] | None = None) -> Batch:
        self.check()
        found = self.find(request_id)
        if owners is not None and found.owner not in owners:
            raise NotFound(f"there is no request {request_id}")
        return found

    def unfinished(self) -> list[str]:
        with self.lock:
            found = [batch for batch in self.batches.values() if not batch.status.is_final]
        return [batch.request_id for batch in sorted(found, key=lambda batch: batch.created_at)]

    def record_progress(self, request_id: str, verdict: Verdict, progress: Progress, now: datetime) -> None:
        with self.lock:
            batch = self.batches.get(request_id)
            if batch is None or batch.status.is_final:
                return
            shown = replace(batch, verdict=_forward(batch, verdict), progress=_never_back(batch.progress, progress))
            if shown != batch:
                started_at = now if verdict.status is Status.PROCESSING else None
                shown = replace(shown, started_at=batch.started_at or started_at, updated_at=now)
                self.batches[request_id] = shown

    def record_cancel(self, request_id: str) -> None:
        with self.lock:
            batch = self.batches.get(request_id)
            self.said.append(request_id)
            if batch is None or batch.status.is_final or batch.intent.cancel:
                return
            intent = replace(batch.intent, cancel=True)
            verdict = live_verdict(batch.progress.counts, intent, started=False, has_job=False)
            self.batches[request_id] = replace(batch, intent=intent, verdict=verdict)

    def record_intent(self, request_id: str, now: datetime, *, suspend: bool, parallelism: int) -> None:
        with self.lock:
            batch = self.batches.get(request_id)
            if batch is None or batch.status.is_final:
                return
            intent = replace(batch.intent, suspend=suspend, parallelism=parallelism)
            if intent == batch.intent:
                return
            since = batch.suspended_at or now
            rested = 0.0 if suspend else max(0.0, (now - since).total_seconds())
            self.batches[request_id] = replace(
                batch,
                intent=intent,
                suspended_at=since if suspend else None,
                suspended_seconds=batch.suspended_seconds + rested,
                updated_at=now,
            )
            self.said.append(request_id)

    def record_resource(self, request_id: str, resource: Resource) -> None:
        with self.lock:
            batch = self.batches.get(request_id)
            if batch is not None and (batch.resource is None or batch.resource.uid is None):
                self.batches[request_id] = replace(batch, resource=resource)

    @contextmanager
    def settling(self, request_id: str) -> Iterator[bool]:
        with self._holding("settle", request_id) as mine:
            yield mine and not self.locked

    def finish(self, request_id: str, final: Final, slots: Iterable[SettledSlot]) -> bool:
        if self.finish_fails is not None:
            raise self.finish_fails
        with self.lock:
            batch = self.batches.get(request_id)
            if batch is None or batch.status.is_final:
                return False
            found = list(slots)
            _require_sound(final, found)
            self.finals[request_id], self.slots[request_id] = final, found
            self.batches[request_id] = _ended(batch, final)
            if final.delivery is not None:
                self.put_out(request_id, final.delivery, final.delivery.due_at or final.finished_at)
            self.said.append(request_id)
        return True

    def wake_ups(self, timeout_seconds: float) -> list[str]:
        with self.lock:
            said, self.said = self.said, []
        return list(dict.fromkeys(said))

    def check(self) -> None:
        if self.outage is not None:
            raise self.outage

    def find(self, request_id: str) -> Batch:
        """Return a batch that is not marked deleted."""
        found = self.batches.get(request_id)
        if found is None or request_id in self.deleted:
            raise NotFound(f"there is no request {request_id}")
        return found

    def put_out(self, request_id: str, message: NewDelivery, due: datetime) -> Outgoing:
        """Put a webhook into the outbox."""
        return self.outbox.setdefault(request_id, Outgoing(next(self._ids), request_id, message, due, []))

    def _name(self, owner: str, idempotency: IdempotencyKey, request_id: str) -> None:
        made = self.keys.setdefault((owner, idempotency.key), (request_id, idempotency.fingerprint))
        if made[0] != request_id:
            raise Conflict("another request has this Idempotency-Key", code="idempotency_key_in_use")

    @contextmanager
    def _holding(self, *name: str) -> Iterator[bool]:
        with self.lock:
            mine = name not in self._held
            self._held.add(name)
        try:
            yield mine
        finally:
            if mine:
                self._held.discard(name)


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
        retry_of=batch.retry_of,
        resource=batch.resource,
    )


def _ended(batch: Batch, final: Final) -> Batch:
    return replace(
        batch,
        verdict=final.verdict,
        progress=final.progress,
        has_result=final.has_result,
        updated_at=final.finished_at,
        finished_at=final.finished_at,
    )


def _forward(batch: Batch, verdict: Verdict) -> Verdict:
    back = ORDER.index(verdict.status) < ORDER.index(batch.status)
    return batch.verdict if back or (batch.intent.cancel and verdict.reason not in ENDING) else verdict


def _never_back(old: Progress, new: Progress) -> Progress:
    total = old.counts.total
    succeeded = max(old.counts.succeeded, new.counts.succeeded)
    failed = min(max(old.counts.failed, new.counts.failed), total - succeeded)
    size = Bytes(max(old.bytes.input, new.bytes.input), max(old.bytes.output, new.bytes.output))
    return Progress(Counts(total, succeeded, failed), size)


def _require_sound(final: Final, slots: list[SettledSlot]) -> None:
    """Refuse what the tables' constraints refuse."""
    places = {(slot.row, slot.position) for slot in slots}
    if final.progress.counts.pending or len(places) < len(slots) or not final.verdict.status.is_final:
        raise Conflict("the database refused a change that breaks its rules")
