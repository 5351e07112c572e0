"""Local Jobs keep the Job's rules: each index once, retries counted, 42 never, 43 free, stops obeyed, no orphan."""

from __future__ import annotations

import os
import sys
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.waiting import eventually

from imagebatch.ports import JobSpec
from imagebatch_embedded.local_jobs import LocalJobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REQUEST = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
PREAMBLE = """
import os, signal, sys, time
from pathlib import Path
index = os.environ["JOB_COMPLETION_INDEX"]
folder = Path(os.environ["FOLDER"])
(folder / f"{os.environ['REQUEST_ID']}.{index}.{os.getpid()}").touch()
runs = len(list(folder.glob(f"{os.environ['REQUEST_ID']}.{index}.*")))
def wait_for_sigterm():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(43))
    (folder / f"ready.{index}.{os.getpid()}").touch()
    time.sleep(60)
"""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., LocalJobs]]:
    """Return Jobs whose shards run the given Python text; `runs(index)` times by the files they leave."""
    made: list[LocalJobs] = []

    def build(body: str, *, max_shards: int = 2, on_change: Callable[[str], None] = lambda _: None) -> LocalJobs:
        program = (sys.executable, "-c", PREAMBLE + textwrap.dedent(body))
        environment = {"FOLDER": str(tmp_path), "PATH": os.environ["PATH"]}
        jobs = LocalJobs(environment, tmp_path / "logs", max_shards=max_shards, on_change=on_change, program=program)
        made.append(jobs)
        return jobs

    yield build
    for jobs in made:
        jobs.close()


def runs(folder: Path, index: int, request_id: str = REQUEST) -> int:
    return len(list(folder.glob(f"{request_id}.{index}.*")))


def spec(shards: int, *, parallelism: int = 2, retries: int = 1, request_id: str = REQUEST) -> JobSpec:
    return JobSpec(request_id, shards, parallelism, retries)


def finished(jobs: LocalJobs) -> bool:
    view = jobs.view(REQUEST)
    return view is not None and view.finished


def test_job_when_every_shard_is_done_has_run_each_once(make: Callable[..., LocalJobs], tmp_path: Path):
    jobs = make("sys.exit(0)")
    jobs.create(spec(5))
    eventually(lambda: finished(jobs))
    view = jobs.view(REQUEST)
    assert (view.succeeded, view.failed) == (5, 0)
    assert [runs(tmp_path, index) for index in range(5)] == [1] * 5


def test_create_when_the_job_is_there_does_nothing(make: Callable[..., LocalJobs], tmp_path: Path):
    jobs = make("sys.exit(0)")
    jobs.create(spec(2))
    jobs.create(spec(2))
    eventually(lambda: finished(jobs))
    jobs.create(spec(2))
    assert [runs(tmp_path, index) for index in range(2)] == [1, 1]


def test_shard_that_failed_is_tried_again_as_often_as_allowed(make: Callable[..., LocalJobs], tmp_path: Path):
    jobs = make("sys.exit(1)")
    jobs.create(spec(1, retries=1))
    eventually(lambda: finished(jobs))
    assert jobs.view(REQUEST).failed == 1
    assert runs(tmp_path, 0) == 2


def test_shard_that_fails_once_succeeds_with_its_retry(make: Callable[..., LocalJobs]):
    jobs = make("sys.exit(0 if runs > 1 else 1)")
    jobs.create(spec(1, retries=1))
    eventually(lambda: finished(jobs))
    assert jobs.view(REQUEST).succeeded == 1


def test_shard_that_ends_with_42_is_never_tried_again(make: Callable[..., LocalJobs], tmp_path: Path):
    jobs = make("sys.exit(42)")
    jobs.create(spec(1, retries=3))
    eventually(lambda: finished(jobs))
    assert (jobs.view(REQUEST).failed, runs(tmp_path, 0)) == (1, 1)


def test_suspend_stops_shards_and_resume_runs_them_without_counting(make: Callable[..., LocalJobs], tmp_path: Path):
    jobs = make("sys.exit(0) if runs > 1 else wait_for_sigterm()")
    jobs.create(spec(2, retries=0))
    eventually(lambda: len(list(tmp_path.glob("ready.*"))) == 2)
    jobs.adjust(REQUEST, suspended=True, parallelism=2)
    eventually(lambda: jobs.view(REQUEST).active == 0)
    assert not jobs.view(REQUEST).finished
    jobs.adjust(REQUEST, suspended=False, parallelism=2)
    eventually(lambda: finished(jobs))
    assert jobs.view(REQUEST).succeeded == 2


def test_lower_parallelism_stops_the_surplus_only(make: Callable[..., LocalJobs], tmp_path: Path):
    jobs = make("wait_for_sigterm()")
    jobs.create(spec(2))
    eventually(lambda: len(list(tmp_path.glob("ready.*"))) == 2)
    jobs.adjust(REQUEST, suspended=False, parallelism=1)
    eventually(lambda: jobs.view(REQUEST).active == 1)


def test_delete_stops_the_shards_and_forgets_the_job(make: Callable[..., LocalJobs], tmp_path: Path):
    jobs = make("wait_for_sigterm()")
    jobs.create(spec(1))
    eventually(lambda: list(tmp_path.glob("ready.*")))
    jobs.delete(REQUEST)
    eventually(lambda: jobs.view(REQUEST) is None)


def test_small_job_beside_a_large_one_gets_its_turn(make: Callable[..., LocalJobs], tmp_path: Path):
    jobs = make("time.sleep(0.05)", max_shards=1)
    jobs.create(spec(40, parallelism=40))
    jobs.create(spec(1, request_id=OTHER))
    eventually(lambda: runs(tmp_path, 0, OTHER) == 1)
    assert jobs.view(REQUEST).succeeded < 40


def test_change_is_told_whenever_a_shard_ends(make: Callable[..., LocalJobs]):
    told: list[str] = []
    jobs = make("sys.exit(0)", on_change=told.append)
    jobs.create(spec(3))
    eventually(lambda: told == [REQUEST] * 3)


def test_close_stops_every_shard(make: Callable[..., LocalJobs], tmp_path: Path):
    jobs = make("wait_for_sigterm()")
    jobs.create(spec(2))
    ready = eventually(lambda: len(list(tmp_path.glob("ready.*"))) == 2 and list(tmp_path.glob("ready.*")))
    closing = threading.Thread(target=jobs.close)
    closing.start()
    closing.join(10)
    assert not closing.is_alive()
    pids = [int(path.name.rpartition(".")[2]) for path in ready]
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
