"""A registry over a cluster and a database in memory."""

from __future__ import annotations

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_cluster import MemoryCluster
from fakes.memory_database import MemoryDatabase

from imagebatch.cluster import ClusterRegistry
from imagebatch.settings import LinkSettings

LINKS = LinkSettings(link_secret="0123456789abcdef", public_url="https://images.example")


@pytest.fixture
def cluster() -> MemoryCluster:
    return MemoryCluster()


@pytest.fixture
def database() -> MemoryDatabase:
    return MemoryDatabase()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def registry(cluster: MemoryCluster, database: MemoryDatabase, clock: ManualClock) -> ClusterRegistry:
    return ClusterRegistry(cluster, batches=database.batches, deliveries=database.deliveries, links=LINKS, clock=clock)
