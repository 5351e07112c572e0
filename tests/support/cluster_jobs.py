"""Jobs of a cluster: what they are made of, and how they and their pods stand as the API server tells it."""

from __future__ import annotations

from typing import Any

from imagebatch.model.batch import Resource
from imagebatch.model.names import job_name
from imagebatch.ports import JobSpec
from imagebatch_operator.job_manifest import job_manifest
from support.cluster_batches import PLACE, REQUEST_ID
from support.sample_batches import NOON

TEMPLATE: dict[str, Any] = {"spec": {"containers": [{"name": "processor", "image": "localhost/pause:3.10"}]}}
TRUE = "True"


def job_spec(resource: Resource | None = PLACE, **parts: Any) -> JobSpec:
    """A Job of ten shards, four at once."""
    fields: dict[str, Any] = {
        "request_id": REQUEST_ID,
        "shards": 10,
        "parallelism": 4,
        "retries_per_shard": 3,
        "accepted_at": NOON,
        "active_deadline_seconds": 90_000,
    }
    return JobSpec(**{**fields, **parts}, resource=resource)


def job(conditions: tuple[str, ...] = (), suspended: bool = False, **status: Any) -> dict[str, Any]:
    """A Job of ten shards that stands so; `conditions` hold."""
    held = [{"type": each, "status": TRUE} for each in conditions]
    made = job_manifest(job_spec(suspended=suspended), TEMPLATE)
    return {**made, "status": {**status, **({"conditions": held} if held else {})}}


def pod(name: str, phase: str = "Running", request_id: str = REQUEST_ID) -> dict[str, Any]:
    """A pod of a Job."""
    template = job_manifest(job_spec(request_id=request_id), TEMPLATE)["spec"]["template"]
    metadata = {**template["metadata"], "name": f"{job_name(request_id)}-{name}"}
    return {"metadata": metadata, "status": {"phase": phase}}
