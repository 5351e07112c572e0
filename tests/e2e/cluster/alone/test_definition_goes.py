"""The definition of the ImageBatch resource deleted before the releases that live by it, and kept or not by the chart.

It is one for the whole cluster: nobody else may be at work there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from support.accepted import Accepted, send
from support.installation import CHART, RELEASE
from support.own_release import delete_namespace, namespace_of_its_own, release_of_its_own
from support.resource_definition import DEFINITION, definition
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.cluster import Cluster
    from support.image_server import ImageServer
    from support.installation import Installation

pytestmark = pytest.mark.timeout(1_200)

NAME = definition()["metadata"]["name"]
SOURCE_SECONDS = 60.0
IMAGES, FEW = 100, 4
STARTED_SECONDS = 180.0
WORKERS_GONE_SECONDS = 90.0
# The garbage collector looks for new kinds every 30 s; of an older definition it learns at once when its objects go.
KNOWN_SECONDS = 45
BACK_SECONDS = 420.0  # a watch that failed is tried again, or the kubelet starts the operator again


@pytest.fixture(autouse=True)
def restored(cluster: Cluster) -> Iterator[None]:
    """The definition is there afterwards, and no release's own."""
    yield
    delete_definition(cluster)
    apply_definition(cluster)


@pytest.fixture
def release(served: Cluster, tag: str) -> Iterator[Installation]:
    with release_of_its_own(served, tag) as installation:
        yield installation


@pytest.fixture
def batch(release: Installation, pictures_on_the_node: ImageServer) -> Accepted:
    """A batch at work, for longer than the test takes."""
    eventually(lambda: _age_seconds(release.cluster) > KNOWN_SECONDS, 2 * KNOWN_SECONDS, "a definition that is known")
    with release.service() as service:
        sent = send(service, pictures_on_the_node, IMAGES, delay_seconds=SOURCE_SECONDS)
    eventually(lambda: _run(release, sent), STARTED_SECONDS, "a running pod")
    return sent


def test_release_when_the_definition_went_first_is_removed_without_hanging(
    release: Installation, batch: Accepted
) -> None:
    delete_definition(release.cluster)

    workers_end(release, batch)
    release.uninstall()
    delete_namespace(release.cluster, release.namespace)


def test_release_when_the_definition_comes_back_cancels_what_went_and_works_again(
    release: Installation, batch: Accepted, pictures_on_the_node: ImageServer
) -> None:
    delete_definition(release.cluster)
    workers_end(release, batch)
    apply_definition(release.cluster)

    with release.service() as service:
        batch.follow(lambda: service, BACK_SECONDS)
        assert (batch.last["status"], batch.last["reason"]) == ("Failed", "Cancelled")
        after = send(service, pictures_on_the_node, FEW, name="after-")
        after.follow(lambda: service, BACK_SECONDS)
        assert after.last["reason"] == "AllSucceeded"


@pytest.mark.parametrize(("keep", "stays"), [(True, True), (False, False)])
def test_definition_when_its_release_is_removed_stays_if_it_is_kept(cluster: Cluster, keep: bool, stays: bool) -> None:
    delete_definition(cluster)
    with namespace_of_its_own(cluster) as namespace:
        helm_installs(cluster, namespace, enabled=True, keep=keep)
        assert is_there(cluster)
        helm_uninstalls(cluster, namespace)
        assert is_there(cluster) is stays


def test_definition_when_the_chart_does_not_bring_it_any_more_stays(cluster: Cluster) -> None:
    delete_definition(cluster)
    with namespace_of_its_own(cluster) as namespace:
        helm_installs(cluster, namespace, enabled=True, keep=True)
        helm_installs(cluster, namespace, enabled=False, keep=True)
        assert is_there(cluster)
        helm_installs(cluster, namespace, enabled=True, keep=True)
        helm_uninstalls(cluster, namespace)
        assert is_there(cluster)


def test_definition_when_the_chart_does_not_bring_it_is_not_there(cluster: Cluster) -> None:
    delete_definition(cluster)
    with namespace_of_its_own(cluster) as namespace:
        helm_installs(cluster, namespace, enabled=False, keep=True)
        assert not is_there(cluster)


def helm(cluster: Cluster, namespace: str, *arguments: str) -> list[str]:
    return ["helm", "--kube-context", cluster.environment["KUBE_CONTEXT"], "-n", namespace, *arguments]


def helm_installs(cluster: Cluster, namespace: str, *, enabled: bool, keep: bool) -> None:
    """Install or upgrade a release whose pods find no Secrets and never start: it is not about them."""
    words = f"store.endpoint=https://s3.example.com,crd.enabled={enabled},crd.keep={keep}".replace("True", "true")
    values = words.replace("False", "false")
    cluster.run(helm(cluster, namespace, "upgrade", "--install", RELEASE, str(CHART), "--set", values), seconds=120)


def helm_uninstalls(cluster: Cluster, namespace: str) -> None:
    """Remove such a release: there is no image that its hook could run."""
    cluster.run(helm(cluster, namespace, "uninstall", RELEASE, "--no-hooks"))


def is_there(cluster: Cluster) -> bool:
    """Whether the definition is there, and not going."""
    found = cluster.kubectl("get", "crd", NAME, "--ignore-not-found", "-o", "jsonpath=at {.metadata.deletionTimestamp}")
    return found.strip() == "at"


def _age_seconds(cluster: Cluster) -> float:
    made = cluster.kubectl("get", "crd", NAME, "-o", "jsonpath={.metadata.creationTimestamp}").strip()
    return (datetime.now(UTC) - datetime.fromisoformat(made)).total_seconds()


def delete_definition(cluster: Cluster) -> None:
    cluster.kubectl("delete", "crd", NAME, "--ignore-not-found", "--timeout=60s", seconds=70)


def apply_definition(cluster: Cluster) -> None:
    cluster.kubectl("apply", "--server-side", "-f", DEFINITION)
    cluster.kubectl("wait", "--for=condition=Established", f"crd/{NAME}", "--timeout=30s")


def workers_end(release: Installation, batch: Accepted) -> None:
    """The Job of a batch goes, and its pods."""
    chosen = f"imagebatch.io/request-id={batch.request_id}"
    eventually(lambda: not release.objects("jobs,pods", chosen), WORKERS_GONE_SECONDS, "the end of Job and pods")


def _run(release: Installation, batch: Accepted) -> bool:
    return any(pod["status"].get("phase") == "Running" for pod in release.pods(batch.request_id))
