"""The Jobs port on Kubernetes: one Indexed Job a batch, whose pods are the shards. Put together by main."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagebatch.cluster.client import JOBS, PODS
from imagebatch.cluster.resource import REQUEST_ID_LABEL, is_going
from imagebatch.model import names
from imagebatch.model.errors import Conflict, NotFound, Unavailable
from imagebatch_operator.job_manifest import (
    SELECTOR,
    active,
    is_owned_by,
    job_manifest,
    remains_of,
    still_there,
    view_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagebatch.cluster import Cluster
    from imagebatch.ports import JobSpec, JobView


class KubernetesJobs:
    """Indexed Jobs in the operator's namespace. `template` is the PodTemplateSpec of the shards."""

    def __init__(self, cluster: Cluster, template: dict[str, Any]) -> None:
        self._cluster = cluster
        self._template = template

    def view(self, request_id: str) -> JobView | None:
        """Return the request's Job, or what is left of one that is gone; None when there is neither.

        Whether no pod is left is never read from the Job alone, whose status comes later: the pods are listed.
        """
        job = self._cluster.get(JOBS, names.job_name(request_id))
        if job is None or is_going(job):
            return remains_of(request_id, self._pods(request_id))
        return view_of(request_id, job, 0 if active(job) else len(self._pods(request_id)))

    def create(self, spec: JobSpec) -> None:
        """Create a Job; one that is there must be of the same resource. Raises Refused, Unavailable while one goes."""
        try:
            self._cluster.create(JOBS, job_manifest(spec, self._template))
        except Conflict as error:
            found = self._cluster.get(JOBS, names.job_name(spec.request_id))
            if found is None or is_going(found) or not is_owned_by(found, spec.resource):
                message = f"another Job {names.job_name(spec.request_id)} is in the way"
                raise Unavailable(message, dependency="cluster") from error

    def adjust(self, request_id: str, *, suspended: bool, parallelism: int) -> None:
        """Suspend, resume or resize a Job; surplus pods get SIGTERM. When it is gone nothing happens."""
        change = {"spec": {"suspend": suspended, "parallelism": parallelism}}
        try:
            self._cluster.patch(JOBS, names.job_name(request_id), change)
        except NotFound:
            return

    def delete(self, request_id: str) -> None:
        """Remove a Job with its pods; when there is none nothing happens."""
        self._cluster.delete(JOBS, names.job_name(request_id))

    def let_namespace_go(self) -> None:
        """Delete every Job if the namespace is being deleted, which would wait for them for ever.

        It deletes nothing else before the last pod is gone, and a Job that may run a shard again keeps the last failed
        pod of it until there is another one, which the namespace does not take in any more.
        """
        if not self._cluster.namespace_is_going():
            return
        for job in self.all():
            self._cluster.delete(JOBS, job["metadata"]["name"])

    def all(self) -> Iterator[dict[str, Any]]:
        """Yield the Jobs of all batches as the API server has them."""
        return self._cluster.list(JOBS, SELECTOR)

    def _pods(self, request_id: str) -> list[dict[str, Any]]:
        return still_there(self._cluster.list(PODS, f"{SELECTOR},{REQUEST_ID_LABEL}={request_id}"))
