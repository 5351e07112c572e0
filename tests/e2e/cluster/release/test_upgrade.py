"""`helm upgrade` to another image tag and other values while a batch runs: it goes on as if nothing were."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from support import pictures
from support.accepted import PICTURES, Accepted, send
from support.cluster import CTL, ROOT
from support.cluster_history import ClusterHistory, one_job_was_there, status_never_went_back
from support.image_server import held_until
from support.installation import BUILD_SECONDS, PROGRAMS, RELEASE, merged, site_of
from support.invariants import check_all
from support.own_release import release_of_its_own
from support.pod_processes import pod_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.cluster import Cluster
    from support.image_server import ImageServer
    from support.installation import Installation
    from support.service import Service
    from support.webhook_receiver import WebhookReceiver

pytestmark = pytest.mark.timeout(1_800)

IMAGES = 300  # six shards, of which four run at once: the others start after the upgrade
AT_ONCE, MIDDLE = 40, 20  # images that come at once; the others come when the upgrade is over
HELD_SECONDS = 600
FINISH_SECONDS = 420.0
PODS = "10.244.0.0/24"


@pytest.fixture(scope="module")
def next_tag(cluster: Cluster, tag: str) -> str:
    """The same images under another tag."""
    for name, dockerfile in PROGRAMS.items():
        argv = [str(CTL), "load-image", f"localhost/{name}:{tag}-next", dockerfile]
        subprocess.run(argv, check=True, cwd=ROOT, timeout=BUILD_SECONDS, stdin=subprocess.DEVNULL)
    return f"{tag}-next"


@pytest.fixture
def release(served: Cluster, tag: str) -> Iterator[Installation]:
    settings = {"IMAGEBATCH_FETCH_DEADLINE_SECONDS": HELD_SECONDS}
    with release_of_its_own(served, tag, settings=settings) as installation:
        yield installation


@pytest.fixture
def service(release: Installation) -> Iterator[Service]:
    with release.service() as client:
        yield client


def test_batch_when_the_release_is_upgraded_goes_on_with_its_pods_and_ends(
    release: Installation,
    next_tag: str,
    service: Service,
    pictures_on_the_node: ImageServer,
    receiver_on_the_node: WebhookReceiver,
) -> None:
    site = site_of(release, service, pictures_on_the_node, receiver_on_the_node)
    with ClusterHistory(release.cluster, release.namespace) as history:
        with held_back(site.source):
            batch = send(service, site.source, IMAGES, site.receiver.address)
            batch.follow(lambda: service, FINISH_SECONDS, until=lambda each: each.done > MIDDLE)
            pods, before = _uids(release.pods(batch.request_id)), pod_of(release, "operator")
            upgrade(release, next_tag)
            batch.look(service)
            assert batch.last["status"] == "Processing"
        batch.follow(lambda: service, FINISH_SECONDS)
        assert batch.last["reason"] == "AllSucceeded"
        check_all(site, [batch])
        one_job_was_there(history, batch.request_id)
        status_never_went_back(history, batch.request_id)
        seen = history.last_of_each_pod(batch.request_id)
    _keeps(seen, pods)
    _runs(release, next_tag, before)
    _works_with_the_new_images(release, next_tag, service, site.source)
    assert "The service works." in release.helm("test", RELEASE, "--logs", "--timeout", "150s")


@contextmanager
def held_back(source: ImageServer) -> Iterator[None]:
    """Have most pictures come only afterwards."""
    over = Event()
    for n in range(AT_ONCE, IMAGES):
        source.add(f"/p{n % PICTURES}.jpg?{n}", held_until(over, pictures.jpeg(96, 64), HELD_SECONDS))
    try:
        yield
    finally:
        over.set()


def upgrade(release: Installation, tag: str) -> None:
    """Give the release other images, another number of replicas and other settings."""
    image = {"image": {"tag": tag}}
    settings = {"IMAGEBATCH_SWEEP_SECONDS": 10, "IMAGEBATCH_MAX_ROWS": 5_000}
    changes = {"api": {**image, "replicas": 2}, "processor": image, "settings": settings, "test": {"podCidr": PODS}}
    release.values = merged(release.values, changes)
    release.install()


def _keeps(seen: list[dict[str, Any]], before: set[str]) -> None:
    """No pod of the batch was ended, and none came twice."""
    assert before <= _uids(seen)
    assert {pod["status"]["phase"] for pod in seen} == {"Succeeded"}
    numbers = [pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"] for pod in seen]
    assert len(numbers) == len(set(numbers))


def _runs(release: Installation, tag: str, before: dict[str, Any]) -> None:
    """The release has pods of the new images."""
    operator = pod_of(release, "operator")
    assert operator["metadata"]["uid"] != before["metadata"]["uid"]
    api = release.objects("pods", "app.kubernetes.io/component=api")
    new = [pod for pod in (*api, operator) if _image(pod).endswith(f":{tag}") and _is_ready(pod)]
    assert len(new) == 3


def _works_with_the_new_images(release: Installation, tag: str, service: Service, source: ImageServer) -> None:
    with ClusterHistory(release.cluster, release.namespace) as history:
        after: Accepted = send(service, source, MIDDLE, name="after-")
        after.follow(lambda: service, FINISH_SECONDS)
        assert after.last["reason"] == "AllSucceeded"
        assert {_image(pod) for pod in history.last_of_each_pod(after.request_id)} == {
            f"localhost/imagebatch-processor:{tag}"
        }


def _uids(pods: list[dict[str, Any]]) -> set[str]:
    return {pod["metadata"]["uid"] for pod in pods}


def _image(pod: dict[str, Any]) -> str:
    return str(pod["spec"]["containers"][0]["image"])


def _is_ready(pod: dict[str, Any]) -> bool:
    return all(each["ready"] for each in pod["status"]["containerStatuses"])
