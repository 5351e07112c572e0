"""A batch on the cluster: every invariant that holds on one machine holds there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.accepted import send
from support.invariants import Site, check_all

if TYPE_CHECKING:
    from support.service import Service

pytestmark = pytest.mark.timeout(1_200)  # the first test builds the images


def test_batch_when_run_on_the_cluster_keeps_every_invariant(site: Site, service: Service) -> None:
    batch = send(service, site.source, 100, site.receiver.address)

    batch.follow(lambda: service, 120)

    assert batch.last["status"] == "Completed"
    check_all(site, [batch])
