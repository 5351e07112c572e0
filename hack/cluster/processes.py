"""Processes of ours: started apart from the terminal, recorded, and ended only while the record is true of them."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROC = Path("/proc")
KILLED_SECONDS = 10.0


@dataclass(frozen=True)
class Process:
    """A process for good: numbers are given out again, with another start."""

    pid: int
    started_ticks: int


def start_of(stat: str) -> int | None:
    """When a process started, from its /proc/PID/stat; None for one that only waits to be collected."""
    # The name, in brackets, may hold spaces and brackets.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def process_of(pid: int) -> Process | None:
    """The process that has this number now."""
    try:
        started = start_of((PROC / str(pid) / "stat").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if started is None else Process(pid, started)


def is_alive(process: Process) -> bool:
    """Whether it is still that one, and runs."""
    return process_of(process.pid) == process


def read_record(path: Path) -> Process | None:
    """The recorded process if it is alive."""
    try:
        process = Process(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    return process if is_alive(process) else None


def start(argv: Sequence[str], log: Path, record: Path, env: Mapping[str, str]) -> Process:
    """Start a process that outlives us and holds nothing of ours open."""
    with log.open("ab") as words:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            env=env,
            cwd="/",
            start_new_session=True,
        )
    process = process_of(child.pid) or Process(child.pid, 0)
    # It is not ours to wait for any more; without this Popen would complain when it is dropped.
    child.returncode = 0
    record.write_text(json.dumps(asdict(process)), "utf-8")
    return process


def end(process: Process, grace_seconds: float) -> None:
    """Ask it to end, kill it when it does not, and come back when it is gone. Without grace it is killed at once."""
    if grace_seconds > 0 and _signal_and_wait(process, signal.SIGTERM, grace_seconds):
        return
    _signal_and_wait(process, signal.SIGKILL, KILLED_SECONDS)


def _signal_and_wait(process: Process, number: signal.Signals, seconds: float) -> bool:
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        # Looked at after the handle was taken: from here on it cannot become another process.
        if not is_alive(process):
            return True
        signal.pidfd_send_signal(handle, number)
        return bool(select.select([handle], [], [], seconds)[0])
    except ProcessLookupError:
        return True
    finally:
        os.close(handle)
