"""Shards among the processes, found by the connection from which they ask; signals to a process with its children."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from support.command_line import alive, descendants
from support.waiting import eventually

PROC = Path("/proc")


def kill_tree(pid: int) -> None:
    """End a process and its descendants as the kernel does when a container's memory is out, and wait for it."""
    family = [pid, *descendants(pid)]
    for each in family:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    eventually(lambda: not alive(family), what=f"the end of {family}")


def signal_tree(pid: int, number: signal.Signals) -> list[int]:
    """Send a signal to a process, then to its descendants, of which some may end meanwhile; return who got it."""
    os.kill(pid, number)  # before the others are looked for: once stopped, it has no more children
    reached = [pid]
    for child in descendants(pid):
        with suppress(ProcessLookupError):
            os.kill(child, number)
            reached.append(child)
    return reached


def environment(pid: int) -> dict[str, str]:
    """Return what a process was started with; empty when it is gone."""
    try:
        data = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return {}
    return dict(item.split("=", 1) for item in data.decode(errors="replace").split("\0") if "=" in item)


def shard_at(port: int) -> int | None:
    """Return the shard, a descendant of this process, whose connection comes from `port`; None when it is gone.

    A codec child is never taken for it: it has no environment and no connection.
    """
    shards = [pid for pid in descendants(os.getpid()) if "REQUEST_ID" in environment(pid)]
    return next((pid for pid in shards if holds_port(pid, port)), None)


def holds_port(pid: int, port: int) -> bool:
    """Tell whether a process has a TCP connection from this port of an IPv4 address."""
    lines = (PROC / "net" / "tcp").read_text().splitlines()[1:]
    sockets = {f"socket:[{fields[9]}]" for fields in map(str.split, lines) if fields[1].endswith(f":{port:04X}")}
    for descriptor in _descriptors(pid):
        with suppress(OSError):
            if str(descriptor.readlink()) in sockets:
                return True
    return False


def _descriptors(pid: int) -> list[Path]:
    try:
        return list((PROC / str(pid) / "fd").iterdir())
    except OSError:
        return []
