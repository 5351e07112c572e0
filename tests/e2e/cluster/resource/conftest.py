"""The ImageBatch resource without its operator: what the API server alone takes, refuses and shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.image_batches import ImageBatches
from support.resource_definition import DEFINITION, definition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.cluster import Cluster


@pytest.fixture(scope="package")
def served(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster that serves the resource; the definition goes again unless it was there."""
    name = definition()["metadata"]["name"]
    was_there = name in cluster.kubectl("get", "crd", "-o", "name")
    if not was_there:
        cluster.kubectl("create", "-f", DEFINITION)
        cluster.kubectl("wait", "--for=condition=Established", f"crd/{name}", "--timeout=30s")
    yield cluster
    if not was_there:
        cluster.kubectl("delete", "crd", name, "--timeout=60s")


@pytest.fixture
def image_batches(served: Cluster, namespace: str) -> ImageBatches:
    return ImageBatches(served, namespace)
