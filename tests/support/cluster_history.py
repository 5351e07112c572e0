"""Everything that a cluster's watch told of the Jobs, pods and ImageBatches of a namespace, as it happened."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import urllib3
from kubernetes import client, watch
from kubernetes.client.exceptions import ApiException

from support.image_batches import GROUP

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.cluster import Cluster

ROUND_SECONDS = 2  # so long a watch is asked for; then whoever records can be told to end
BETWEEN_SECONDS = 0.5
RANKS = {"Pending": 0, "Processing": 1, "Completed": 2, "Failed": 2}
REQUEST_ID = "imagebatch.io/request-id"


@dataclass
class ClusterHistory:
    """A context manager that records. Each object is there in all its versions, oldest first."""

    cluster: Cluster
    namespace: str
    _seen: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"jobs": [], "pods": [], "resources": []})
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        resources = client.CustomObjectsApi(self.cluster.api).list_namespaced_custom_object
        asked: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
            "jobs": (client.BatchV1Api(self.cluster.api).list_namespaced_job, {}),
            "pods": (client.CoreV1Api(self.cluster.api).list_namespaced_pod, {}),
            "resources": (resources, GROUP),
        }
        for kind, (ask, where) in asked.items():
            self._threads.append(threading.Thread(target=self._record, args=(kind, ask, where), daemon=True))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def jobs(self, request_id: str) -> list[dict[str, Any]]:
        """Return every Job that a request ever had, each as it was told of first."""
        return _first_of_each(self._of(request_id, "jobs"))

    def last_of_each_pod(self, request_id: str) -> list[dict[str, Any]]:
        """Return every pod that a request ever had, each as it was told of last."""
        return list({pod["metadata"]["uid"]: pod for pod in self._of(request_id, "pods")}.values())

    def resources(self, request_id: str) -> list[dict[str, Any]]:
        """Return every resource that declared a request, in every version."""
        return [each for each in list(self._seen["resources"]) if _declares(each, request_id)]

    def _of(self, request_id: str, kind: str) -> list[dict[str, Any]]:
        return [
            each for each in list(self._seen[kind]) if each["metadata"].get("labels", {}).get(REQUEST_ID) == request_id
        ]

    def _record(self, kind: str, ask: Callable[..., Any], where: dict[str, Any]) -> None:
        since = "0"
        while not self._stop.is_set():
            told = watch.Watch().stream(
                ask, namespace=self.namespace, timeout_seconds=ROUND_SECONDS, resource_version=since, **where
            )
            try:
                for event in told:
                    self._seen[kind].append(event["raw_object"])
                    since = event["raw_object"]["metadata"]["resourceVersion"]
            except ApiException:  # what we know is too old by now
                since = "0"
            except urllib3.exceptions.HTTPError:  # the API server is away
                self._stop.wait(BETWEEN_SECONDS)


def one_job_was_there(history: ClusterHistory, request_id: str) -> None:
    """A request had one Job, ever."""
    uids = [job["metadata"]["uid"] for job in history.jobs(request_id)]
    assert len(uids) == 1, f"{len(uids)} Jobs: {uids}"


def status_never_went_back(history: ClusterHistory, request_id: str) -> None:
    """The status of a request's resource only went on, and its end stayed, but for the webhook."""
    told = [each["status"] for each in history.resources(request_id) if "status" in each]
    assert told, f"no status of {request_id} was ever told"
    ways = [(RANKS[status["status"]], _done(status)) for status in told]
    assert ways == sorted(ways), f"the status went back: {ways}"
    ends = [{**status, "conditions": [], "observedGeneration": 0} for status in told if "completionTime" in status]
    assert ends, f"{request_id} never ended: {told[-1]}"
    assert all(end == ends[0] for end in ends), f"an end was left: {ends[0]} became {ends[-1]}"


def _done(status: dict[str, Any]) -> int:
    return int(status["images"]["succeeded"] + status["images"]["failed"])


def _declares(resource: dict[str, Any], request_id: str) -> bool:
    metadata = resource["metadata"]
    return request_id in (metadata["uid"], metadata.get("labels", {}).get(REQUEST_ID))


def _first_of_each(versions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    first: dict[str, dict[str, Any]] = {}
    for each in versions:
        first.setdefault(each["metadata"]["uid"], each)
    return list(first.values())
