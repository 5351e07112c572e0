"""The operator's shards hold a lock with it, so that the next operator starts none beside those of a killed one."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest
from support.waiting import eventually

from imagebatch_embedded.processes import Child, Command
from imagebatch_embedded.shard_lock import ShardLock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WAIT_FOR_A_FILE = """
import pathlib, sys, time
while not pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.01)
"""


@pytest.fixture
def heir(tmp_path: Path) -> Iterator[Child]:
    """A shard of an operator that is gone; it ends when the file `end` is there."""
    lock = ShardLock(tmp_path / "running.lock")
    assert lock.take(0, lambda: False)
    command = Command([sys.executable, "-c", WAIT_FOR_A_FILE, str(tmp_path / "end")], {}, kept_open=[lock.fileno])
    child = Child(command, tmp_path / "log")
    lock.close()
    yield child
    child.kill()


def test_lock_when_a_shard_of_the_last_operator_runs_is_not_had_before_its_end(heir: Child, tmp_path: Path) -> None:
    lock, taken = ShardLock(tmp_path / "running.lock"), threading.Event()

    def take() -> None:
        if lock.take(30, lambda: False):
            taken.set()

    assert not lock.take(0, lambda: False)
    waiting = threading.Thread(target=take)
    waiting.start()
    assert heir.returncode is None
    assert not taken.is_set()
    (tmp_path / "end").touch()
    eventually(taken.is_set, 30)
    assert heir.wait(10) == 0
    waiting.join()
    lock.close()


def test_lock_when_told_to_give_up_ends_the_wait(heir: Child, tmp_path: Path) -> None:
    lock = ShardLock(tmp_path / "running.lock")
    assert not lock.take(30, lambda: True)
    lock.close()
