"""What Kubernetes and the operator add: batches in a Helm release beside bare Jobs of the same pods.

`make bench-cluster` prints it. A bare Job has the operator's manifest without its owner and its labels, so that nobody
but Kubernetes looks after it; what it works on was stored before.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

import urllib3
import yaml
from bench.following import follow
from bench.report import Goal, Row, machine, table
from bench.stage import picture_server
from kubernetes import client, watch
from support import pictures
from support.cluster import cluster_that_is_up
from support.installation import NAME, Installation, images_of_the_checkout
from support.open_folder import open_folder
from support.resource_definition import DEFINITION
from support.service import csv_of
from support.waiting import eventually

from imagebatch.intake import plan_upload
from imagebatch.model import names
from imagebatch.model.batch import BatchSpec, Resource
from imagebatch.model.csvrows import CsvLimits
from imagebatch.ports import JobSpec
from imagebatch.store import S3BlobStore
from imagebatch_operator.job_manifest import job_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.service import Service

SIZES = {1: 7, 100: 5, 1_000: 3}  # images of a batch, and how often
LOOK_SECONDS = 0.02
FINISH_SECONDS = 600
MOST_EXTRA_SECONDS = 1.5
MOST_EXTRA_SHARE = 1.10
REQUEST = "imagebatch.io/request-id"
BARE = {"app.kubernetes.io/name": "bare"}


@dataclass
class Story:
    """When things were first seen of each request, in seconds from an upload; what the client sees has no request."""

    started: float = field(default_factory=time.perf_counter)
    seen: dict[tuple[str, str], float] = field(default_factory=dict)

    def note(self, what: str, request_id: str = "") -> None:
        self.seen.setdefault((request_id, what), time.perf_counter() - self.started)

    def of(self, request_id: str) -> list[tuple[str, float]]:
        """Return the moments of one request in their order."""
        found = [(what, moment) for (of, what), moment in self.seen.items() if of in ("", request_id)]
        return sorted(found, key=lambda each: each[1])


@dataclass(frozen=True)
class Ground:
    """The release that is measured, and where its pictures are."""

    installation: Installation
    service: Service
    picture_port: int
    template: dict[str, Any]

    @property
    def host(self) -> str:
        return self.installation.cluster.environment["NODE_ADDRESS"]

    def csv(self, images: int) -> bytes:
        """Return a CSV of different URLs, four in a row."""
        run = uuid.uuid4().hex[:8]
        urls = [f"http://{self.host}:{self.picture_port}/0.jpg?{run}-{n}" for n in range(images)]
        return csv_of(urls[n : n + 4] for n in range(0, images, 4))


def batch_seconds(ground: Ground, images: int) -> float:
    """Return how long a batch takes from its upload to Completed."""
    data = ground.csv(images)
    started = time.perf_counter()
    follow(ground.service, ground.service.upload(data), LOOK_SECONDS)
    return time.perf_counter() - started


def bare_seconds(ground: Ground, images: int) -> tuple[float, int]:
    """Return how long a Job of the same pods takes from its creation to Complete, and how many pods it had."""
    request_id, spec = str(uuid.uuid4()), BatchSpec()
    planned = plan_upload(ground.csv(images), spec, CsvLimits(), request_id=request_id)
    store = S3BlobStore(ground.installation.s3.settings("imagebatch"), patience_seconds=5.0)
    store.put(names.images_key(request_id), b"".join(planned.image_lines), "application/jsonl")
    store.put(names.plan_key(request_id), planned.plan.to_json(), "application/json")
    job = bare_job(ground, request_id, len(planned.plan.shards), spec)
    api = client.BatchV1Api(ground.installation.cluster.api)
    started = time.perf_counter()
    api.create_namespaced_job(ground.installation.namespace, job)
    where = (job["metadata"]["name"], ground.installation.namespace)
    eventually(lambda: _is_complete(api.read_namespaced_job(*where)), FINISH_SECONDS, "a bare Job")
    taken = time.perf_counter() - started
    api.delete_namespaced_job(*where, propagation_policy="Background")
    return taken, len(planned.plan.shards)


def bare_job(ground: Ground, request_id: str, shards: int, spec: BatchSpec) -> dict[str, Any]:
    """Return the Job that the operator would make, belonging to nobody."""
    made = JobSpec(
        request_id,
        shards,
        spec.parallelism,
        spec.retries_per_shard,
        accepted_at=datetime.now(UTC),
        resource=Resource(ground.installation.namespace, "nobody", "nobody"),
    )
    job = job_manifest(made, ground.template)
    del job["metadata"]["ownerReferences"]
    job["metadata"]["labels"] = job["spec"]["template"]["metadata"]["labels"] = BARE
    return job


def _is_complete(job: Any) -> bool:
    conditions = {each.type: each.status for each in job.status.conditions or ()}
    assert conditions.get("Failed") != "True", conditions
    return conditions.get("Complete") == "True"


@contextmanager
def told(ground: Ground, story: Story) -> Iterator[None]:
    """Note what the API server tells of Jobs and pods meanwhile."""
    namespace, api = ground.installation.namespace, ground.installation.cluster.api
    watches = [watch.Watch(), watch.Watch()]
    listings = [
        (client.BatchV1Api(api).list_namespaced_job, _note_job),
        (client.CoreV1Api(api).list_namespaced_pod, _note_pod),
    ]

    def listen(stream: watch.Watch, listing: Any, note: Any) -> None:
        with suppress(urllib3.exceptions.HTTPError):  # how a stream ends that is stopped
            for event in stream.stream(listing, namespace, label_selector=REQUEST, timeout_seconds=60):
                note(story, event["object"])

    threads = [
        threading.Thread(target=listen, args=(stream, *each), daemon=True)
        for stream, each in zip(watches, listings, strict=True)
    ]
    for thread in threads:
        thread.start()
    time.sleep(1.0)  # the streams are open by then; nothing is measured yet
    story.started = time.perf_counter()
    yield
    for stream in watches:
        stream.stop()


def _note_job(story: Story, job: Any) -> None:
    request_id = job.metadata.labels[REQUEST]
    story.note("Job created", request_id)
    if _is_complete(job):
        story.note("Job complete", request_id)


def _note_pod(story: Story, pod: Any) -> None:
    request_id = pod.metadata.labels[REQUEST]
    story.note("pod created", request_id)
    if pod.spec.node_name:
        story.note("pod scheduled", request_id)
    if pod.status.phase in ("Running", "Succeeded"):
        story.note(f"pod {pod.status.phase.lower()}", request_id)


def where_the_time_goes(ground: Ground) -> list[Row]:
    """Return when each step of a batch of one image was first seen."""
    story = Story()
    data = ground.csv(1)
    with told(ground, story):
        request_id = ground.service.upload(data)
        story.note("accepted")
        follow(ground.service, request_id, LOOK_SECONDS)
        story.note("Completed")
    return [Row(f"one image: {what}, after its upload", moment, "s") for what, moment in story.of(request_id)]


def measure(ground: Ground, repetitions: dict[int, int]) -> list[Row]:
    """Return every row; bare Jobs and batches take turns."""
    rows: list[Row] = []
    batch_seconds(ground, 1)
    for images, times in repetitions.items():
        pairs = [(bare_seconds(ground, images), batch_seconds(ground, images)) for _ in range(times)]
        bare = median(seconds for (seconds, _), _ in pairs)
        batch = median(seconds for _, seconds in pairs)
        pods = pairs[0][0][1]
        print(f"{images:,} images: bare and batch {pairs}", file=sys.stderr)
        rows += [
            Row(f"{images:,} images: bare Job of {pods} pods, created to Complete", bare, "s"),
            Row(f"{images:,} images: batch, upload to Completed", batch, "s"),
            Row(f"{images:,} images: pods of the bare Job per second", pods / bare, "/s"),
            _comparison(images, median(each - one for (one, _), each in pairs), batch / bare),
        ]
    return rows + where_the_time_goes(ground)


def _comparison(images: int, extra_seconds: float, ratio: float) -> Row:
    if images == 1:
        goal = Goal.most(MOST_EXTRA_SECONDS, "s")
        return Row(f"{images:,} image: batch − bare Job, median of pairs", extra_seconds, "s", goal)
    goal = Goal.most(MOST_EXTRA_SHARE) if images == max(SIZES) else None
    return Row(f"{images:,} images: batch ÷ bare Job", ratio, "", goal)


@contextmanager
def ground() -> Iterator[Ground]:
    """A release in a namespace of its own, and a server of one small picture on the node."""
    cluster = cluster_that_is_up()
    tag = images_of_the_checkout(cluster)
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", DEFINITION)
    with (
        cluster.namespace() as name,
        open_folder() as folder,
        picture_server(folder, [pictures.jpeg(320, 240)], cluster.environment["NODE_ADDRESS"]) as port,
    ):
        installation = Installation(cluster, name, tag)
        installation.install()
        config = json.loads(installation.kubectl("get", "configmap", f"{NAME}-processor", "-o", "json"))
        (text,) = config["data"].values()
        with installation.service() as service:
            yield Ground(installation, service, port, yaml.safe_load(text))


def main() -> None:
    """Measure and print the table."""
    quick = "--quick" in sys.argv
    about = machine()
    with ground() as here:
        rows = measure(here, {1: 1, 100: 1} if quick else SIZES)
    for name, value in about.items():
        print(f"{name}: {value}")
    print("\n" + table(rows))


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"bench: {error}")
