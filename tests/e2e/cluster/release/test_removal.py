"""A namespace and its release go in any order while batches run, and nothing hangs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from support.accepted import Accepted, send
from support.cluster import Refused
from support.installation import CHART, RELEASE, Installation
from support.own_release import delete_namespace, namespace_of_its_own, release_of_its_own, see_namespace_go
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.cluster import Cluster
    from support.image_server import ImageServer

pytestmark = pytest.mark.timeout(1_200)

BATCHES = 2
IMAGES = 200
SOURCE_SECONDS = 60.0  # for a picture to come
STARTED_SECONDS = 180.0
UNPULLED_SECONDS = 120.0  # the Job that ends the others is given up after 75
OURS = "app.kubernetes.io/name=imagebatch"


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


def test_namespace_when_deleted_after_the_release_is_gone_soon(release: Installation, batches: list[Accepted]) -> None:
    release.uninstall()

    left = {each["metadata"]["name"] for each in release.objects("imagebatches")}
    assert left == {f"ib-{batch.request_id}" for batch in batches}
    assert not release.objects("jobs,pods,roles,rolebindings", OURS)
    delete_namespace(release.cluster, release.namespace)


def test_release_when_its_namespace_is_going_already_is_not_taken_apart_and_the_namespace_goes(
    release: Installation, batches: list[Accepted]
) -> None:
    cluster, name = release.cluster, release.namespace
    cluster.kubectl("delete", "namespace", name, "--wait=false")
    with pytest.raises(Refused, match="because it is being terminated"):
        release.uninstall()

    # The operator, which has its rights yet, has deleted the Jobs when it was told to stop.
    see_namespace_go(cluster, name)


def test_namespace_when_the_hook_was_left_out_waits_for_its_batches_to_be_deleted(
    release: Installation, batches: list[Accepted]
) -> None:
    cluster, name = release.cluster, release.namespace
    release.uninstall("--no-hooks")
    assert len(release.objects("jobs")) == len(batches)
    cluster.kubectl("delete", "namespace", name, "--wait=false")
    # A namespace waits for its pods first, and a Job keeps the last failed one of a shard that may run again.
    cluster.kubectl("delete", "jobs", "-l", "app.kubernetes.io/managed-by=imagebatch-operator", "-n", name)

    see_namespace_go(cluster, name)


def test_release_whose_image_cannot_be_pulled_is_removed_all_the_same(served: Cluster) -> None:
    with namespace_of_its_own(served) as name:
        release = Installation(served, name, "none")
        release.helm("install", RELEASE, CHART, "--set", "store.endpoint=https://s3.example.com,crd.enabled=false")
        started_at = time.monotonic()
        with pytest.raises(Refused, match="Job Failed"):
            release.uninstall()

        assert time.monotonic() - started_at < UNPULLED_SECONDS
        assert RELEASE not in release.helm("list", "--short")
        assert not release.objects("jobs,pods,deployments,secrets,roles,rolebindings")


def _run(release: Installation, batch: Accepted) -> bool:
    return any(pod["status"].get("phase") == "Running" for pod in release.pods(batch.request_id))
