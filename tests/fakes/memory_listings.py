"""`Listings` in memory, over the batches of a `MemoryBatches`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from fakes.memory_batches import MemoryBatches
    from imagebatch.model.batch import Batch, Status
    from imagebatch.model.results import Outcome
    from imagebatch.ports import SettledSlot


class MemoryListings:
    """What a `MemoryBatches` holds, in pages."""

    def __init__(self, batches: MemoryBatches) -> None:
        self._state = batches

    def newest(
        self,
        owners: frozenset[str],
        statuses: frozenset[Status] = frozenset(),
        before: tuple[datetime, str] | None = None,
        limit: int = 20,
    ) -> list[Batch]:
        self._state.check()
        with self._state.lock:
            kept = [batch for batch in self._state.batches.values() if batch.request_id not in self._state.deleted]
        found = [batch for batch in kept if batch.owner in owners and (not statuses or batch.status in statuses)]
        found.sort(key=_place, reverse=True)
        return [batch for batch in found if before is None or _place(batch) < before][:limit]

    def slots(
        self,
        request_id: str,
        *,
        succeeded: bool | None = None,
        code: str | None = None,
        after: tuple[int, int] | None = None,
        limit: int = 100,
    ) -> list[SettledSlot]:
        found = [
            slot
            for slot in self._settled(request_id)
            if succeeded in (None, slot.outcome.succeeded)
            and code in (None, slot.outcome.code)
            and (after is None or (slot.row, slot.position) > after)
        ]
        return sorted(found, key=lambda slot: (slot.row, slot.position))[:limit]

    def outcomes(self, request_id: str) -> Iterator[Outcome]:
        found = {slot.outcome.index: slot.outcome for slot in self._settled(request_id)}
        yield from (found[index] for index in sorted(found))

    def _settled(self, request_id: str) -> list[SettledSlot]:
        """Slots whose outcomes say how many of them there are."""
        self._state.check()
        slots = [] if request_id in self._state.deleted else self._state.slots.get(request_id, [])
        shown = [slot.outcome.index for slot in slots]
        return [replace(slot, outcome=replace(slot.outcome, slots=shown.count(slot.outcome.index))) for slot in slots]


def _place(batch: Batch) -> tuple[datetime, str]:
    return batch.created_at, batch.request_id
