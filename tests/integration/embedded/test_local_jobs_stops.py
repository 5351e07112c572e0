"""Shards that are stopped: one that does not obey is killed, and however it ended, a stop costs no retry."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from signal import SIGSTOP
from typing import TYPE_CHECKING

import pytest
from support.waiting import eventually

from imagebatch.ports import JobSpec
from imagebatch_embedded.local_jobs import LocalJobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REQUEST = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
# Waits at its first start, as a program does that has no handler for SIGTERM yet; is done at any further one.
PROGRAM = """
import os, sys, time
from pathlib import Path
place = Path(os.environ["FOLDER"]) / os.environ["REQUEST_ID"]
if place.exists() or place.name.startswith("2"):
    sys.exit(0)
place.with_suffix(".new").write_text(str(os.getpid()))
place.with_suffix(".new").rename(place)
time.sleep(60)
"""


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[LocalJobs]:
    """Jobs that run one shard at a time and give it half a second to stop."""
    made = LocalJobs(
        {"FOLDER": str(tmp_path), "PATH": os.environ["PATH"]},
        tmp_path / "logs",
        max_shards=1,
        on_change=lambda _: None,
        program=(sys.executable, "-c", PROGRAM),
        stop_grace_seconds=0.5,
    )
    yield made
    made.close()


def frozen(folder: Path) -> int:
    pid = _started(folder)
    os.kill(pid, SIGSTOP)
    return pid


def _started(folder: Path) -> int:
    place = folder / REQUEST
    eventually(place.exists)
    return int(place.read_text())


def finished(jobs: LocalJobs, request_id: str) -> Callable[[], bool]:
    def is_finished() -> bool:
        view = jobs.view(request_id)
        return view is not None and view.finished

    return is_finished


def test_shard_that_does_not_stop_when_its_job_is_deleted_is_killed_and_leaves_its_place(
    jobs: LocalJobs, tmp_path: Path
) -> None:
    jobs.create(JobSpec(REQUEST, 1, 1, 0))
    pid = frozen(tmp_path)
    jobs.create(JobSpec(OTHER, 1, 1, 0))
    jobs.delete(REQUEST)

    eventually(finished(jobs, OTHER))
    assert jobs.view(REQUEST) is None
    assert not Path(f"/proc/{pid}").exists()


def test_shard_that_is_killed_because_it_did_not_stop_has_spent_no_retry(jobs: LocalJobs, tmp_path: Path) -> None:
    jobs.create(JobSpec(REQUEST, 1, 1, 0))
    frozen(tmp_path)
    jobs.adjust(REQUEST, suspended=True, parallelism=1)
    eventually(lambda: jobs.view(REQUEST).active == 0)
    jobs.adjust(REQUEST, suspended=False, parallelism=1)

    eventually(finished(jobs, REQUEST))
    assert jobs.view(REQUEST).succeeded == 1


def test_shard_that_is_stopped_while_it_starts_has_spent_no_retry(jobs: LocalJobs, tmp_path: Path) -> None:
    jobs.create(JobSpec(REQUEST, 1, 1, 0))
    _started(tmp_path)
    jobs.adjust(REQUEST, suspended=True, parallelism=1)
    eventually(lambda: jobs.view(REQUEST).active == 0)
    jobs.adjust(REQUEST, suspended=False, parallelism=1)

    eventually(finished(jobs, REQUEST))
    assert jobs.view(REQUEST).succeeded == 1
