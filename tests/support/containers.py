"""Containers of shards among this machine's processes, killed or frozen as a whole."""

from __future__ import annotations

import signal

from support.command_line import alive
from support.pod_processes import read, signal_all
from support.process_tree import PROC, environment
from support.waiting import eventually


def kill_container(request_id: str, shard: int) -> bool:
    """End every process of the container that works on a shard, as cgroup v2 does when its memory is out.

    Return whether there was one. The first process is first: none sees another one die.
    """
    family = _signal(request_id, shard, signal.SIGKILL)
    eventually(lambda: not alive(family), what=f"the end of {family}")
    return bool(family)


def freeze_container(request_id: str, shard: int) -> None:
    """Stop every process of the container that works on a shard: it sees no signal but the last one."""
    assert _signal(request_id, shard, signal.SIGSTOP), f"shard {shard} of {request_id} is not at work"


def _signal(request_id: str, shard: int, number: signal.Signals) -> list[int]:
    """Send a signal to every process of a shard's container; return them, the first one first."""
    wanted = {"REQUEST_ID": request_id, "JOB_COMPLETION_INDEX": str(shard)}
    pids = sorted(int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())
    first = next((pid for pid in pids if wanted.items() <= environment(pid).items()), None)
    if first is None:
        return []
    group = _control_groups(first)
    family = [first, *(pid for pid in pids if pid != first and _control_groups(pid) == group)]
    signal_all(family, number)
    return family


def _control_groups(pid: int) -> str:
    """Return where a process is accounted for, which is one place for each container; "" when it is gone."""
    return read(pid, "cgroup")
