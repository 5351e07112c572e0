"""Jobs as child processes, and as pods of a cluster in memory."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from fakes.memory_cluster import MemoryCluster
from fakes.memory_controllers import MemoryControllers
from support.cluster_batches import PLACE
from support.cluster_jobs import TEMPLATE
from support.jobs_contract import JobsContract, JobsDesk
from support.sample_batches import NOON
from support.shard_programs import program

from imagebatch.ports import Jobs, JobSpec
from imagebatch_embedded.local_jobs import LocalJobs
from imagebatch_operator.kubernetes_jobs import KubernetesJobs


class LocalDesk:
    seconds = 20.0

    def __init__(self, logs: Path) -> None:
        self._logs = logs

    @contextmanager
    def running(self, codes: Sequence[int]) -> Iterator[Jobs]:
        python = (sys.executable, "-c", program(codes))
        jobs = LocalJobs({"PATH": os.environ["PATH"]}, self._logs, max_shards=9, on_change=print, program=python)
        yield jobs
        jobs.close()

    def spec(self, shards: int) -> JobSpec:
        return JobSpec(str(uuid4()), shards, parallelism=2, retries_per_shard=0, accepted_at=NOON)


class PlayedDesk:
    seconds = 5.0

    @contextmanager
    def running(self, codes: Sequence[int]) -> Iterator[Jobs]:
        cluster = MemoryCluster()
        MemoryControllers(cluster, codes)
        yield KubernetesJobs(cluster, TEMPLATE)

    def spec(self, shards: int) -> JobSpec:
        return JobSpec(str(uuid4()), shards, 2, 0, accepted_at=NOON, resource=PLACE)


class TestJobs(JobsContract):
    @pytest.fixture(params=["processes", "played cluster"])
    def desk(self, request: pytest.FixtureRequest, tmp_path: Path) -> JobsDesk:
        return LocalDesk(tmp_path) if request.param == "processes" else PlayedDesk()
