"""Processes as /proc shows them: who descends from whom, with what environment, at which end of a connection."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def tree(pid: int) -> list[int]:
    """Return a process and all that descend from it, parents first; empty when it is gone."""
    found = [pid] if (PROC / str(pid)).exists() else []
    for each in found:  # grows while it is walked
        with suppress(OSError):
            for task in (PROC / str(each) / "task").iterdir():
                found.extend(map(int, (task / "children").read_text().split()))
    return found


def kill_tree(pid: int) -> None:
    """End a process and its descendants as the kernel does when a container's memory is out: none can react."""
    for each in tree(pid):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def environment(pid: int) -> dict[str, str]:
    """Return what a process was started with; empty when it is gone."""
    try:
        data = (PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return {}
    return dict(item.split("=", 1) for item in data.decode(errors="replace").split("\0") if "=" in item)


def shards(ancestor: int, request_id: str) -> list[int]:
    """Return the shard processes of a request under `ancestor`; their codec children have no environment."""
    return [pid for pid in tree(ancestor) if environment(pid).get("REQUEST_ID") == request_id]


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
