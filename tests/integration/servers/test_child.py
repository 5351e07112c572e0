"""A child has its own log and user, is stopped with grace or without, and says why it could not start."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from support.waiting import eventually

from imagebatch_embedded.placement import unprivileged_user
from imagebatch_embedded.processes import Child, Command, free_port, free_ports, log_tail

if TYPE_CHECKING:
    from pathlib import Path

PATH = {"PATH": "/usr/bin:/bin", "MARK": "set"}


def shell(script: str, log: Path) -> Child:
    return Child(Command(["sh", "-c", script], PATH), log)


def test_child_when_it_ends_then_gives_its_code_and_log(tmp_path: Path) -> None:
    child = shell('echo "mark is $MARK"; exit 43', tmp_path / "log")
    assert child.wait(10) == 43
    assert child.returncode == 43
    assert log_tail(tmp_path / "log") == "mark is set"


def test_child_when_stopped_then_may_finish(tmp_path: Path) -> None:
    child = shell('trap "exit 5" TERM; echo up; while :; do sleep 0.05; done', tmp_path / "log")
    eventually(lambda: log_tail(tmp_path / "log") == "up")
    assert child.stop(grace_seconds=10) == 5
    assert child.stop(grace_seconds=10) == 5


def test_child_when_it_ignores_the_signal_then_is_killed_with_its_own_children(tmp_path: Path) -> None:
    child = shell('trap "" TERM; sleep 1000 & echo $!; wait; wait', tmp_path / "log")
    grandchild = int(eventually(lambda: log_tail(tmp_path / "log")))
    assert child.stop(grace_seconds=0.1) == -signal.SIGKILL
    eventually(lambda: not alive(grandchild))


def test_child_when_the_command_is_missing_then_says_so(tmp_path: Path) -> None:
    child = Child(Command(["/no/such/program"], PATH), tmp_path / "log")
    assert child.wait(10) == 126
    assert "/no/such/program: No such file" in log_tail(tmp_path / "log")


def test_child_when_started_then_a_broken_pipe_ends_its_commands(tmp_path: Path) -> None:
    # SIGPIPE ignored would make `yes` complain instead of ending by the signal.
    child = shell("yes | head -n 1", tmp_path / "log")
    assert child.wait(10) == 0
    assert log_tail(tmp_path / "log") == "y"


def test_child_when_started_by_root_then_can_be_another_user_and_nothing_more(tmp_path: Path) -> None:
    user = unprivileged_user()
    child = Child(Command(["sh", "-c", "echo $(id -u) $(id -G)"], PATH, user=user), tmp_path / "log")
    assert child.wait(10) == 0
    expected = f"{user.uid} {user.gid}" if user else f"{os.geteuid()} "
    assert log_tail(tmp_path / "log").startswith(expected)


def test_launch_when_the_parent_is_another_then_runs_nothing(tmp_path: Path) -> None:
    launch = [sys.executable, "-m", "imagebatch_embedded.launch", "--parent", "1", "--", "echo", "ran"]
    child = Child(Command(launch, dict(os.environ)), tmp_path / "log")
    assert child.wait(10) == 126
    assert log_tail(tmp_path / "log") == "launch: the parent is gone"


def test_free_ports_when_the_preferred_is_free_then_it_is_first() -> None:
    preferred = free_port()
    assert free_ports(3, preferred)[0] == preferred
    assert len(set(free_ports(50))) == 50


def test_free_port_when_the_preferred_is_taken_then_is_another(image_source: object) -> None:
    taken = image_source.port  # type: ignore[attr-defined]
    assert free_port(taken) != taken


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
