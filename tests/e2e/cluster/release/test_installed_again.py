"""A release uninstalled in the middle of a batch and installed again on the same database and bucket: it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.installation import site_of
from support.own_release import release_of_its_own
from support.ten_shards import AT_ONCE, ten_shards
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.cluster import Cluster
    from support.image_server import ImageServer
    from support.installation import Installation
    from support.service import Service
    from support.webhook_receiver import WebhookReceiver

pytestmark = pytest.mark.timeout(1_200)

BACK_SECONDS = 60.0


@pytest.fixture
def release(served: Cluster, tag: str) -> Iterator[Installation]:
    with release_of_its_own(served, tag, data_apart=True) as installation:
        yield installation


@pytest.fixture
def service(release: Installation) -> Iterator[Service]:
    """The service at the ingress, whose address stays."""
    with release.service(release.cluster.environment["INGRESS_URL"]) as client:
        yield client


def test_batch_when_its_release_is_uninstalled_and_installed_again_goes_on_and_ends(
    release: Installation,
    service: Service,
    pictures_on_the_node: ImageServer,
    receiver_on_the_node: WebhookReceiver,
) -> None:
    site = site_of(release, service, pictures_on_the_node, receiver_on_the_node)
    with ten_shards(release, site, held=True) as shards:
        shards.until_held()
        release.uninstall()
        assert not release.objects("jobs,pods", f"imagebatch.io/request-id={shards.batch.request_id}")
        release.install()
        eventually(lambda: service.http.get("/livez").is_success, BACK_SECONDS, "an answer through the ingress")
        eventually(lambda: len(shards.pods()) == AT_ONCE, BACK_SECONDS, "the pods of a new Job")
        shards.gate.set()
        shards.check(stops=AT_ONCE)
