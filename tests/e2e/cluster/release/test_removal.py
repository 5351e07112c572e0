"""A namespace and its release go in any order while batches run, and nothing hangs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.accepted import Accepted, send
from support.own_release import delete_namespace, release_of_its_own, see_namespace_go
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.cluster import Cluster
    from support.image_server import ImageServer
    from support.installation import Installation

pytestmark = pytest.mark.timeout(1_200)

BATCHES = 2
IMAGES = 200
SOURCE_SECONDS = 60.0  # for a picture to come
STARTED_SECONDS = 180.0
PODS_GONE_SECONDS = 60.0
BATCH_OBJECTS = "imagebatches,jobs,pods"


@pytest.fixture
def release(served: Cluster, tag: str) -> Iterator[Installation]:
    with release_of_its_own(served, tag) as installation:
        yield installation


@pytest.fixture
def batches(release: Installation, pictures_on_the_node: ImageServer) -> list[Accepted]:
    """Batches at work, for longer than the test takes."""
    with release.service() as service:
        sent = [
            send(service, pictures_on_the_node, IMAGES, name=f"{n}-", delay_seconds=SOURCE_SECONDS)
            for n in range(BATCHES)
        ]
    for batch in sent:
        eventually(lambda each=batch: _run(release, each), STARTED_SECONDS, "a running pod")
    return sent


def test_namespace_when_deleted_with_the_release_and_batches_running_is_gone_soon(
    release: Installation, batches: list[Accepted]
) -> None:
    assert all(release.resource(batch.request_id) for batch in batches)

    delete_namespace(release.cluster, release.namespace)


def test_batches_when_the_release_is_gone_go_with_their_resources_and_the_namespace_goes(
    release: Installation, batches: list[Accepted]
) -> None:
    release.uninstall()

    left = {each["metadata"]["name"] for each in release.objects("imagebatches")}
    assert left == {f"ib-{batch.request_id}" for batch in batches}
    release.kubectl("delete", "imagebatches", "--all", "--timeout=30s")
    eventually(lambda: not release.objects(BATCH_OBJECTS), PODS_GONE_SECONDS, "the end of Jobs and pods")
    delete_namespace(release.cluster, release.namespace)


def test_namespace_when_going_without_the_release_waits_for_its_batches_to_be_deleted(
    release: Installation, batches: list[Accepted]
) -> None:
    cluster, name = release.cluster, release.namespace
    release.uninstall()
    cluster.kubectl("delete", "namespace", name, "--wait=false")
    # A namespace waits for its pods first, and a Job keeps the last failed one of a shard that may run again.
    cluster.kubectl("delete", "imagebatches", "--all", "-n", name)

    see_namespace_go(cluster, name)


def _run(release: Installation, batch: Accepted) -> bool:
    return any(pod["status"].get("phase") == "Running" for pod in release.pods(batch.request_id))
