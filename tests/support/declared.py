"""Batches that resources written by hand declare on a cluster, and every status that a watch saw of one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, Self

from kubernetes import client
from kubernetes.watch import Watch

from support.accepted import Accepted
from support.cluster import Cluster
from support.image_batches import GROUP, ImageBatches
from support.installation import Installation
from support.invariants import counts_add_up_at_every_look, one_final_status_never_left
from support.service import FINAL, csv_of
from support.waiting import eventually

STREAM_SECONDS = 2  # of one watch: its end is when it is seen that nobody listens any more
SEEN_SECONDS = 10.0


def declare(
    installation: Installation, url_lists: Sequence[Sequence[str]], webhook_url: str = "", **spec: Any
) -> tuple[Accepted, StatusWatch]:
    """Write a resource with these URLs in a ConfigMap and more in its spec; return its batch, and a watch of it."""
    resources = ImageBatches(installation.cluster, installation.namespace)
    core = client.CoreV1Api(installation.cluster.api)
    body = {"metadata": {"generateName": "csv-"}, "data": {"products.csv": csv_of(url_lists).decode()}}
    name = core.create_namespaced_config_map(installation.namespace, body).metadata.name
    told = {"webhook": {"url": webhook_url}} if webhook_url else {}
    source = {"configMapKeyRef": {"name": name, "key": "products.csv"}}
    metadata = resources.existing({"source": source, **told, **spec})["metadata"]
    watch = StatusWatch(installation.cluster, installation.namespace, metadata["name"])
    return Accepted(metadata["uid"], url_lists, webhook=bool(webhook_url)), watch


class StatusWatch:
    """A watch of one resource. A context manager; `seen` grows by every status that is written meanwhile."""

    def __init__(self, cluster: Cluster, namespace: str, name: str) -> None:
        self.name = name
        self.seen: list[dict[str, Any]] = []
        self._objects = client.CustomObjectsApi(cluster.api)
        self._where = {**GROUP, "namespace": namespace, "field_selector": f"metadata.name={name}"}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def looks(self) -> list[dict[str, Any]]:
        """Return what was seen since the batch was accepted, in the words of the REST service."""
        return [{"status": each["status"], "counts": each["images"]} for each in self.seen if "images" in each]

    def check(self, batch: Accepted) -> None:
        """Check that the status never went back, and ended as the service says."""
        eventually(lambda: self.looks and self.looks[-1]["status"] in FINAL, SEEN_SECONDS, "a final resource")
        one_final_status_never_left(self.looks)
        counts_add_up_at_every_look(self.looks)
        assert self.looks[-1] == {name: batch.last[name] for name in ("status", "counts")}

    def _look(self) -> None:
        """Watch again and again, each time from where the last one ended."""
        watch, since = Watch(), {}
        while not self._over.is_set():
            asked = {**self._where, **since, "timeout_seconds": STREAM_SECONDS}
            for event in watch.stream(self._objects.list_namespaced_custom_object, **asked):
                self.seen.append(event["object"].get("status", {}))
            since = {"resource_version": watch.resource_version} if watch.resource_version else {}
