"""One real Kubernetes for the session, a namespace for the tests of each file, and one release for those that want it.

The servers of pictures and webhooks run on the node, where pods reach them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.cluster import Cluster, cluster_that_is_up
from support.cluster_history import ClusterHistory
from support.image_server import ImageServer
from support.installation import Installation, images_of_the_checkout, site_of
from support.resource_definition import DEFINITION, definition
from support.waiting import eventually
from support.webhook_receiver import WebhookReceiver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.invariants import Site
    from support.service import Service


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """It stays when the tests are over: the next ones find it there."""
    return cluster_that_is_up()


@pytest.fixture(scope="session")
def served(cluster: Cluster) -> Cluster:
    """A cluster that serves the resource. The definition stays: other workers may be at their tests yet."""
    name = definition()["metadata"]["name"]
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", DEFINITION)
    cluster.kubectl("wait", "--for=condition=Established", f"crd/{name}", "--timeout=30s")
    return cluster


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> Iterator[str]:
    with cluster.namespace() as name:
        yield name


@pytest.fixture(scope="session")
def tag(cluster: Cluster) -> str:
    """The tag of the images of this checkout, which are in the cluster."""
    return images_of_the_checkout(cluster)


@pytest.fixture(scope="session")
def installation(served: Cluster, tag: str) -> Iterator[Installation]:
    """A release behind the ingress; each test leaves it running and whole."""
    with served.namespace() as name:
        installation = Installation(served, name, tag)
        ingress = {"enabled": True, "className": served.environment["INGRESS_CLASS"], "host": installation.host}
        installation.values = {"ingress": ingress}
        installation.install()
        with installation.service(served.environment["INGRESS_URL"]) as outside:
            eventually(lambda: outside.http.get("/livez").is_success, 60, "an answer through the ingress")
        yield installation


@pytest.fixture
def service(installation: Installation) -> Iterator[Service]:
    """The service as a client sees it from outside."""
    with installation.service(installation.cluster.environment["INGRESS_URL"]) as client:
        yield client


@pytest.fixture
def pictures_on_the_node(cluster: Cluster) -> Iterator[ImageServer]:
    """A server of pictures that pods reach."""
    with ImageServer(cluster.environment["NODE_ADDRESS"]) as server:
        yield server


@pytest.fixture
def receiver_on_the_node(cluster: Cluster) -> Iterator[WebhookReceiver]:
    """A receiver of webhooks that the operator reaches."""
    with WebhookReceiver(cluster.environment["NODE_ADDRESS"]) as server:
        yield server


@pytest.fixture
def site(
    installation: Installation,
    service: Service,
    pictures_on_the_node: ImageServer,
    receiver_on_the_node: WebhookReceiver,
) -> Site:
    """Where the invariants look."""
    return site_of(installation, service, pictures_on_the_node, receiver_on_the_node)


@pytest.fixture
def history(installation: Installation) -> Iterator[ClusterHistory]:
    """What the cluster tells of the release's namespace while the test runs."""
    with ClusterHistory(installation.cluster, installation.namespace) as told:
        yield told
