"""One real Kubernetes for the session, and a namespace for the tests of each file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.cluster import Cluster, cluster_that_is_up
from support.resource_definition import DEFINITION, definition

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """It stays when the tests are over: the next ones find it there."""
    return cluster_that_is_up()


@pytest.fixture(scope="session")
def served(cluster: Cluster) -> Cluster:
    """A cluster that serves the resource. The definition stays: other workers may be at their tests yet."""
    name = definition()["metadata"]["name"]
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", DEFINITION)
    cluster.kubectl("wait", "--for=condition=Established", f"crd/{name}", "--timeout=30s")
    return cluster


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> Iterator[str]:
    with cluster.namespace() as name:
        yield name
