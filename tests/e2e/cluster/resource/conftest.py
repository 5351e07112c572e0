"""The ImageBatch resource without its operator: what the API server alone takes, refuses and shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.image_batches import ImageBatches

if TYPE_CHECKING:
    from support.cluster import Cluster


@pytest.fixture
def image_batches(served: Cluster, namespace: str) -> ImageBatches:
    return ImageBatches(served, namespace)
