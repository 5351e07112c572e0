"""The registry of one machine, and that of a cluster in memory, over each database."""

from __future__ import annotations

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_cluster import MemoryCluster
from support.registry_contract import RegistryContract, RegistryDesk
from support.stored_batches import Database

from imagebatch.cluster import ClusterRegistry
from imagebatch.database.row_registry import RowRegistry
from imagebatch.settings import LinkSettings


class TestRegistry(RegistryContract):
    @pytest.fixture(params=["row", "played cluster"])
    def desk(self, request: pytest.FixtureRequest, database: Database) -> RegistryDesk:
        if request.param == "row":
            return RegistryDesk(database, RowRegistry(database.batches, ManualClock()))
        registry = ClusterRegistry(
            MemoryCluster(),
            batches=database.batches,
            deliveries=database.deliveries,
            links=LinkSettings(link_secret="0123456789abcdef"),
            clock=ManualClock(),
        )
        return RegistryDesk(database, registry)
