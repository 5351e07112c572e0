"""All parts of the database in memory over one state, as `PostgresDatabase` has them."""

from __future__ import annotations

from fakes.memory_archive import MemoryArchive
from fakes.memory_batches import MemoryBatches
from fakes.memory_deliveries import MemoryDeliveries
from fakes.memory_listings import MemoryListings


class MemoryDatabase:
    """`batches`, `listings`, `archive` and `deliveries` that see one another's changes."""

    def __init__(self) -> None:
        self.batches = MemoryBatches()
        self.listings = MemoryListings(self.batches)
        self.archive = MemoryArchive(self.batches)
        self.deliveries = MemoryDeliveries.of(self.batches)
