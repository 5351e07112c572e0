"""`Archive` in memory, over the batches of a `MemoryBatches`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagebatch.model.errors import Conflict, NotFound
from imagebatch.ports import Deleted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from fakes.memory_batches import MemoryBatches

EXPIRED_AT_ONCE = 1_000


class MemoryArchive:
    """How the batches of a `MemoryBatches` go. `removed` lists those that went for good, in order."""

    def __init__(self, batches: MemoryBatches) -> None:
        self._state = batches
        self.removed: list[str] = []

    def mark_deleted(self, request_id: str, owners: frozenset[str], now: datetime) -> None:
        self._state.check()
        with self._state.lock:
            batch = self._state.batches.get(request_id)
            if batch is None or batch.owner not in owners:
                raise NotFound(f"there is no request {request_id}")
            if request_id in self._state.deleted:
                return
            if not batch.status.is_final:
                raise Conflict("a request that has not ended cannot be deleted; cancel it first", code="not_final")
            self._state.deleted[request_id] = now
            self._state.said.append(request_id)

    def expire(self, finished_before: datetime, now: datetime) -> list[str]:
        self._state.check()
        with self._state.lock:
            ended = sorted(
                (batch.finished_at, batch.request_id)
                for batch in self._state.batches.values()
                if batch.finished_at is not None and batch.request_id not in self._state.deleted
            )
            expired = [request_id for at, request_id in ended if at < finished_before][:EXPIRED_AT_ONCE]
            self._state.deleted.update(dict.fromkeys(expired, now))
        return expired

    def deleted(self) -> list[Deleted]:
        self._state.check()
        with self._state.lock:
            parents = {batch.retry_of for batch in self._state.batches.values()}
            made = sorted(self._state.deleted, key=lambda found: self._state.batches[found].created_at, reverse=True)
        return [
            Deleted(request_id, request_id in parents, self._state.batches[request_id].resource) for request_id in made
        ]

    def remove(self, request_id: str) -> bool:
        self._state.check()
        with self._state.lock:
            parents = {batch.retry_of for batch in self._state.batches.values()}
            if request_id not in self._state.deleted or request_id in parents:
                return False
            state = self._state
            for held in (state.batches, state.rows, state.finals, state.slots, state.deleted, state.outbox):
                held.pop(request_id, None)
            state.keys = {name: made for name, made in state.keys.items() if made[0] != request_id}
            self.removed.append(request_id)
        return True

    def known(self, request_ids: Sequence[str]) -> frozenset[str]:
        self._state.check()
        return frozenset(request_ids) & frozenset(self._state.batches)

    def installation_id(self) -> str:
        self._state.check()
        return self._state.installation
