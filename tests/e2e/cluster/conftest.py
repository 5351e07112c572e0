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
def served(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster that serves the resource; the definition goes again unless it was there."""
    name = definition()["metadata"]["name"]
    was_there = name in cluster.kubectl("get", "crd", "-o", "name")
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", DEFINITION)
    cluster.kubectl("wait", "--for=condition=Established", f"crd/{name}", "--timeout=30s")
    yield cluster
    if not was_there:
        cluster.kubectl("delete", "crd", name, "--timeout=60s")


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> Iterator[str]:
    with cluster.namespace() as name:
        yield name
