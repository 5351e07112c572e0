"""The Registry of one machine: a batch's row is its declaration, and where people look is the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imagebatch.model.batch import Batch, Intent
    from imagebatch.ports import NewBatch


class RowRegistry:
    """Declares nothing beyond the row, which `Batches.accept` has written and told the operator of."""

    def declare(self, batch: NewBatch) -> None:
        """Do nothing: the row is there."""

    def intent(self, batch: Batch) -> Intent:
        """Return the row's intent."""
        return batch.intent

    def show(self, batch: Batch) -> None:
        """Do nothing: the API reads the row."""
