"""The product's own client on a real cluster, in a namespace of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from imagebatch.cluster.client import Cluster as Client

if TYPE_CHECKING:
    from support.cluster import Cluster


@pytest.fixture
def client(served: Cluster, namespace: str) -> Client:
    return Client(served.api, namespace)
