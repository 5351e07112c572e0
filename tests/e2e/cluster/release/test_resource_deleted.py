"""The ImageBatch of a batch deleted while it works, with the operator up and with it down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.accepted import send
from support.cluster_history import ClusterHistory, one_job_was_there
from support.invariants import Site, check_all
from support.waiting import eventually

from imagebatch.model.names import job_name

if TYPE_CHECKING:
    from support.accepted import Accepted
    from support.installation import Installation
    from support.service import Service

pytestmark = pytest.mark.timeout(1_200)

IMAGES = 600
MIDDLE = 100
SHARDS_AT_ONCE = 4
FINISH_SECONDS = 180.0
PODS_GONE_SECONDS = 30.0


@pytest.fixture
def batch(site: Site, service: Service) -> Accepted:
    """A batch in its middle."""
    sent = send(service, site.source, IMAGES, site.receiver.address, delay_seconds=0.3)
    sent.follow(lambda: service, FINISH_SECONDS, until=lambda each: each.done > MIDDLE)
    assert sent.last["status"] == "Processing"
    return sent


def test_batch_when_its_resource_is_deleted_is_cancelled_and_its_pods_go(
    installation: Installation, site: Site, service: Service, history: ClusterHistory, batch: Accepted
) -> None:
    _delete_and_see_the_pods_go(installation, batch)

    batch.follow(lambda: service, FINISH_SECONDS)
    _is_cancelled_for_good(installation, site, history, batch)


def test_batch_when_its_resource_is_deleted_without_operator_is_cancelled_at_its_next_start(
    installation: Installation, site: Site, service: Service, history: ClusterHistory, batch: Accepted
) -> None:
    installation.scale("operator", 0)
    try:
        _delete_and_see_the_pods_go(installation, batch)
        batch.look(service)
        assert batch.last["status"] == "Processing"
    finally:
        installation.scale("operator", 1)

    batch.follow(lambda: service, FINISH_SECONDS)
    _is_cancelled_for_good(installation, site, history, batch)


def _delete_and_see_the_pods_go(installation: Installation, batch: Accepted) -> None:
    chosen = f"imagebatch.io/request-id={batch.request_id}"
    assert installation.pods(batch.request_id)
    installation.kubectl("delete", "imagebatch", job_name(batch.request_id), "--wait=false")
    eventually(lambda: not installation.objects("pods", chosen), PODS_GONE_SECONDS, "the end of its pods")


def _is_cancelled_for_good(installation: Installation, site: Site, history: ClusterHistory, batch: Accepted) -> None:
    assert (batch.last["status"], batch.last["reason"]) == ("Failed", "Cancelled")
    assert batch.last["counts"]["succeeded"] >= MIDDLE
    check_all(site, [batch], stops=SHARDS_AT_ONCE)
    installation.scale("operator", 0)  # its next start looks at everything anew
    installation.scale("operator", 1)
    assert not [
        each for each in installation.objects("imagebatches,jobs") if batch.request_id in each["metadata"]["name"]
    ]
    one_job_was_there(history, batch.request_id)
    assert len({each["metadata"]["uid"] for each in history.resources(batch.request_id)}) == 1
