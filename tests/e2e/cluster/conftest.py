"""One real Kubernetes for the session, and a namespace for the tests of each file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.cluster import Cluster, cluster_that_is_up

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """It stays when the tests are over: the next ones find it there."""
    return cluster_that_is_up()


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> Iterator[str]:
    with cluster.namespace() as name:
        yield name
