"""The Registry of one machine: a batch's row is its declaration, and where people look is the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagebatch.model.errors import Refused

if TYPE_CHECKING:
    from imagebatch.model.batch import Batch, Intent, Resource
    from imagebatch.ports import Batches, Clock, JobView


class RowRegistry:
    """Declares nothing beyond the row, which `Batches.accept` has written and told the operator of."""

    def __init__(self, batches: Batches, clock: Clock) -> None:
        self._batches = batches
        self._clock = clock

    def place(self, request_id: str) -> Resource | None:
        """Return None: the row is enough."""

    def declare(self, batch: Batch) -> str:
        """Refuse: what has no place is not declared."""
        raise Refused(f"on one machine nothing but the row declares {batch.request_id}")

    def intent(self, batch: Batch) -> Intent:
        """Return the row's intent."""
        return batch.intent

    def suspend(self, batch: Batch, *, suspended: bool) -> None:
        """Write it into the row."""
        now = self._clock.now()
        self._batches.record_intent(batch.request_id, now, suspend=suspended, parallelism=batch.intent.parallelism)

    def show(self, batch: Batch, job: JobView | None) -> None:
        """Do nothing: the API reads the row."""

    def withdraw(self, resource: Resource) -> None:
        """Do nothing: there is none."""
