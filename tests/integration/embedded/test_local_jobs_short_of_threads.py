"""A machine that has no thread or process left costs a shard a try later, not the Jobs their life."""

from __future__ import annotations

import errno
import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from support.waiting import eventually

from imagebatch.ports import JobSpec
from imagebatch_embedded import local_jobs
from imagebatch_embedded.local_jobs import LocalJobs
from imagebatch_embedded.processes import Child

if TYPE_CHECKING:
    from pathlib import Path

    from imagebatch_embedded.processes import Command

REQUEST = "11111111-1111-4111-8111-111111111111"
DIES_AT_FIRST = """
import sys
from pathlib import Path
try:
    Path(sys.argv[1]).touch(exist_ok=False)
except FileExistsError:
    sys.exit(0)
sys.exit(1)
"""


def test_shard_when_no_thread_can_be_started_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start, refused = threading.Thread.start, []

    def refuse_once(thread: threading.Thread) -> None:
        if thread.name.startswith("shard-") and not refused:
            refused.append(thread.name)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(local_jobs, "FIRST_BACKOFF_SECONDS", 0.05)
    monkeypatch.setattr(threading.Thread, "start", refuse_once)
    program = (sys.executable, "-c", "")
    jobs = LocalJobs({"PATH": os.environ["PATH"]}, tmp_path, max_shards=1, on_change=lambda _: None, program=program)
    try:
        jobs.create(JobSpec(REQUEST, shards=2, parallelism=1, retries_per_shard=1))
        eventually(lambda: (view := jobs.view(REQUEST)) is not None and view.succeeded == 2)
        assert refused
    finally:
        jobs.close()


def test_shard_when_it_could_not_be_started_has_all_its_retries_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[Command] = []

    def refuse_twice(command: Command, log: Path) -> Child:
        if len(refused) < 2:
            refused.append(command)
            raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return Child(command, log)

    monkeypatch.setattr(local_jobs, "FIRST_BACKOFF_SECONDS", 0.05)
    monkeypatch.setattr(local_jobs, "Child", refuse_twice)
    program = (sys.executable, "-c", DIES_AT_FIRST, str(tmp_path / "ran"))
    jobs = LocalJobs({"PATH": os.environ["PATH"]}, tmp_path, max_shards=1, on_change=lambda _: None, program=program)
    try:
        jobs.create(JobSpec(REQUEST, shards=1, parallelism=1, retries_per_shard=1))
        eventually(lambda: (view := jobs.view(REQUEST)) is not None and view.finished)
        view = jobs.view(REQUEST)
        assert (view.succeeded, view.failed, len(refused)) == (1, 0, 2)
    finally:
        jobs.close()
