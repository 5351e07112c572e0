"""A process of the throw-away cluster is ended only while its record is true of it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from cluster.processes import Process, end, is_alive, process_of, read_record, start, start_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STAT = "77 {name} {state} 1 77 77 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 {ticks} 0 0"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as child:
        yield child
        child.kill()


@pytest.mark.parametrize("name", ["(etcd)", "(a b)", "(a) S 1 (b)"])
def test_start_when_the_name_is_odd_is_read_after_it(name: str) -> None:
    assert start_of(STAT.format(name=name, state="S", ticks=4711)) == 4711


def test_start_when_only_a_zombie_is_left_is_none() -> None:
    assert start_of(STAT.format(name="(etcd)", state="Z", ticks=4711)) is None


def test_process_when_its_number_was_given_out_again_is_spared(sleeper: subprocess.Popen[bytes]) -> None:
    now = process_of(sleeper.pid)
    assert now is not None
    end(Process(now.pid, now.started_ticks - 1), grace_seconds=1)
    assert is_alive(now)


def test_process_when_it_ignores_the_request_is_killed() -> None:
    deaf = "trap '' TERM; echo deaf; while :; do sleep 60; done"
    with subprocess.Popen(["sh", "-c", deaf], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        process = process_of(child.pid)
        assert process is not None
        end(process, grace_seconds=0.1)
        assert not is_alive(process)


def test_record_when_the_process_is_gone_tells_of_none(tmp_path: Path) -> None:
    record, log = tmp_path / "one.json", tmp_path / "one.log"
    assert read_record(record) is None
    process = start(["sleep", "60"], log, record, dict(os.environ))
    assert read_record(record) == process
    end(process, grace_seconds=5)
    assert read_record(record) is None
    os.waitpid(process.pid, 0)


def test_process_when_it_is_started_has_a_session_and_a_log_of_its_own(tmp_path: Path) -> None:
    record, log = tmp_path / "one.json", tmp_path / "one.log"
    process = start(["sh", "-c", "echo to the log; echo and this >&2"], log, record, {})
    os.waitpid(process.pid, 0)
    assert log.read_text() == "to the log\nand this\n"
