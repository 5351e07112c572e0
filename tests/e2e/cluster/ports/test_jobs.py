"""Jobs as pods of a real cluster, with its controllers, its scheduler and its kubelet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from support.cluster import Cluster
from support.cluster_batches import written
from support.jobs_contract import JobsContract, JobsDesk
from support.sample_batches import NOON
from support.shard_programs import program

from imagebatch.cluster.client import IMAGE_BATCHES
from imagebatch.cluster.client import Cluster as Client
from imagebatch.cluster.resource import resource_of
from imagebatch.model.names import job_name
from imagebatch.ports import Jobs, JobSpec
from imagebatch_operator.kubernetes_jobs import KubernetesJobs


def template(image: str, text: str) -> dict[str, Any]:
    """Pods of a program in Python, at the level restricted of Pod Security."""
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    container = {
        "name": "processor",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-c", text],
        "securityContext": security,
    }
    return {"spec": {"containers": [container], "terminationGracePeriodSeconds": 5}}


class RealDesk:
    seconds = 90.0

    def __init__(self, client: Client, image: str) -> None:
        self._client = client
        self._image = image

    @contextmanager
    def running(self, codes: Sequence[int]) -> Iterator[Jobs]:
        yield KubernetesJobs(self._client, template(self._image, program(codes)))

    def spec(self, shards: int) -> JobSpec:
        """Its Job belongs to a resource that is there: the cluster collects what belongs to none."""
        request_id = str(uuid4())
        owner = resource_of(self._client.create(IMAGE_BATCHES, written(job_name(request_id))))
        return JobSpec(request_id, shards, 2, 0, accepted_at=NOON, resource=owner)


class TestJobs(JobsContract):
    @pytest.fixture
    def desk(self, client: Client, cluster: Cluster) -> JobsDesk:
        return RealDesk(client, cluster.environment["BASE_IMAGE"])
