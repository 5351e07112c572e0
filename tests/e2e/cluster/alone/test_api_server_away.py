"""The API server away in the middle of a batch. Nobody else may be at work on the cluster.

It is away for a short time here; `make faults-cluster` says by FAULT_SECONDS for how long.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.accepted import send
from support.cluster_outages import ends_as_if_nothing_had_been, let_pass, no_api_server
from support.pod_processes import pod_of, restarts

if TYPE_CHECKING:
    from support.cluster_history import ClusterHistory
    from support.installation import Installation
    from support.invariants import Site
    from support.service import Service

pytestmark = pytest.mark.timeout(2_400)

IMAGES = 800  # more shards than run at once: the rest wait for the API server
SOURCE_SECONDS = 0.5
FINISH_SECONDS = 300.0


def test_batch_when_the_api_server_is_away_in_its_middle_goes_on_and_ends(
    installation: Installation, site: Site, service: Service, history: ClusterHistory
) -> None:
    batch = send(service, site.source, IMAGES, site.receiver.address, delay_seconds=SOURCE_SECONDS)
    batch.follow(lambda: service, FINISH_SECONDS, until=lambda each: each.done > 0)
    before = restarts(pod_of(installation, "operator"))

    with installation.service() as inside, no_api_server(installation.cluster):
        let_pass(float(os.environ.get("FAULT_SECONDS", "10")), batch, inside)

    ends_as_if_nothing_had_been(installation, site, history, batch)
    assert restarts(pod_of(installation, "operator")) == before, "the operator was ended"
