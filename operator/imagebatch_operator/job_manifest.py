"""The Kubernetes Job of a batch, and what one says about the batch. Pure; called by kubernetes_jobs.

The pod template is the installation's; the rules of the Job are those of docs/explanation/workers.md.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from imagebatch.cluster.resource import API_VERSION, KIND, REQUEST_ID_LABEL
from imagebatch.model import names
from imagebatch.model.errors import Misconfigured
from imagebatch.ports import JobSpec, JobView

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imagebatch.model.batch import Resource

Object = dict[str, Any]
CONTAINER = "processor"
ACCEPTED_AT = "imagebatch.io/accepted-at"
LABELS = {
    "app.kubernetes.io/name": "imagebatch",
    "app.kubernetes.io/component": "processor",
    "app.kubernetes.io/managed-by": "imagebatch-operator",
}
SELECTOR = ",".join([*(f"{name}={value}" for name, value in LABELS.items()), REQUEST_ID_LABEL])
NEVER, STOPPED = 42, 43  # exit codes of the processor
ENDED_BY_SIGTERM = 143  # before its handler was there
ENDED = ("Succeeded", "Failed")


def job_manifest(spec: JobSpec, template: Object) -> Object:
    """Return the Job. Made twice of the same spec and template, it is the same."""
    if spec.resource is None or spec.accepted_at is None:
        raise ValueError(f"{spec.request_id} has no resource that its Job could belong to")
    labels = {**LABELS, REQUEST_ID_LABEL: spec.request_id}
    marks = {ACCEPTED_AT: spec.accepted_at.astimezone(UTC).isoformat(timespec="microseconds")}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": names.job_name(spec.request_id),
            "namespace": spec.resource.namespace,
            "labels": labels,
            "annotations": marks,
            "ownerReferences": [_owner(spec.resource)],
        },
        "spec": {
            "completionMode": "Indexed",
            "completions": spec.shards,
            "parallelism": spec.parallelism,
            "suspend": spec.suspended,
            "backoffLimitPerIndex": spec.retries_per_shard,
            "maxFailedIndexes": spec.shards,  # one lost shard does not stop the others
            "podReplacementPolicy": "Failed",  # never two pods of a shard at once
            "podFailurePolicy": {"rules": _rules()},
            **({"activeDeadlineSeconds": spec.active_deadline_seconds} if spec.active_deadline_seconds else {}),
            "template": _pod(spec.request_id, template, labels, marks),
        },
    }


def check_template(template: Any) -> Object:
    """Return a pod template, what is left empty in it left out. Raises Misconfigured unless it has one container."""
    try:
        [container] = template["spec"]["containers"]
        fits = container["name"] == CONTAINER
        found = {"metadata": _filled(template.get("metadata")), "spec": {**template["spec"]}}
        found["spec"]["containers"] = [_filled(container)]
    except (TypeError, KeyError, ValueError, AttributeError):
        fits = False
    if not fits:
        raise Misconfigured(f"the pod template must have a spec with exactly one container, named {CONTAINER}")
    return found


def view_of(request_id: str, job: Object, pods_left: int) -> JobView:
    """Return how a Job stands; `pods_left` counts those of its pods that still run or end, if it has none active.

    A Job that is to rest counts as active until its controller has seen that: it may be about to start a pod.
    """
    spec, status = job["spec"], job.get("status", {})
    shards, succeeded = spec.get("completions", 0), status.get("succeeded", 0)
    over = _holds(job, "Complete") or _holds(job, "Failed")
    unseen = spec.get("suspend", False) and not over and not _holds(job, "Suspended")
    return JobView(
        spec=JobSpec(
            request_id=request_id,
            shards=shards,
            parallelism=spec.get("parallelism", 1),
            retries_per_shard=spec.get("backoffLimitPerIndex", 0),
            suspended=spec.get("suspend", False),
            accepted_at=_accepted_at(job),
            resource=None,
        ),
        active=max(active(job) + pods_left, int(unseen)),
        succeeded=succeeded,
        failed=shards - succeeded if over else count_indexes(status.get("failedIndexes", "")),
        starting=max(0, status.get("active", 0) - (status.get("ready") or 0)),
    )


def remains_of(request_id: str, pods: list[Object]) -> JobView | None:
    """Return what is left of a Job that is gone: pods that still run or end; None if there are none."""
    if not pods:
        return None
    spec = JobSpec(request_id, 0, 0, 0, suspended=True, accepted_at=_accepted_at(pods[0]))
    return JobView(spec, active=len(pods), succeeded=0, failed=0)


def active(job: Object) -> int:
    """Return how many pods run or end, as the Job says."""
    status = job.get("status", {})
    return int(status.get("active", 0)) + int(status.get("terminating") or 0)


def still_there(pods: Iterable[Object]) -> list[Object]:
    """Return the pods that have not ended."""
    return [pod for pod in pods if pod.get("status", {}).get("phase") not in ENDED]


def is_owned_by(job: Object, resource: Resource | None) -> bool:
    """Return whether a Job belongs to the very resource, and not to a former one of its name."""
    owners = job["metadata"].get("ownerReferences", ())
    return resource is not None and any(each["uid"] == resource.uid and each.get("controller") for each in owners)


def count_indexes(text: str) -> int:
    """Return how many indexes a list such as `1,3-5` names."""
    spans = (part.partition("-") for part in text.split(",") if part)
    return sum(int(last or first) - int(first) + 1 for first, _, last in spans)


def _pod(request_id: str, template: Object, labels: dict[str, str], marks: dict[str, str]) -> Object:
    pod = deepcopy(template)
    metadata, spec = pod.setdefault("metadata", {}), pod["spec"]
    metadata["labels"] = {**metadata.get("labels", {}), **labels}
    metadata["annotations"] = {**metadata.get("annotations", {}), **marks}
    spec["restartPolicy"] = "Never"
    container = spec["containers"][0]
    container["env"] = [*container.get("env", ()), {"name": "REQUEST_ID", "value": request_id}]
    return pod


def _rules() -> list[Object]:
    """The first that fits: lost to the cluster or stopped by it costs no retry, 42 gives the shard up at once."""
    codes = ([STOPPED, ENDED_BY_SIGTERM], [NEVER])
    stopped, never = ({"containerName": CONTAINER, "operator": "In", "values": values} for values in codes)
    return [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "Ignore", "onExitCodes": stopped},
        {"action": "FailIndex", "onExitCodes": never},
    ]


def _owner(resource: Resource) -> Object:
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": resource.name,
        "uid": resource.uid,
        "controller": True,
        "blockOwnerDeletion": False,  # it would need leave to change finalizers of the resource
    }


def _accepted_at(found: Object) -> datetime | None:
    text = found["metadata"].get("annotations", {}).get(ACCEPTED_AT)
    return datetime.fromisoformat(text) if text else None


def _holds(job: Object, condition: str) -> bool:
    found = job.get("status", {}).get("conditions") or ()
    return any(each["type"] == condition and each["status"] == "True" for each in found)


def _filled(fields: Object | None) -> Object:
    """Return the fields of a template that have a value: in YAML an empty one is null."""
    return {name: value for name, value in (fields or {}).items() if value is not None}
