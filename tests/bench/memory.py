"""Memory of processes as /proc tells it, in MiB."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Self

KIB_PER_MIB = 1024
SAMPLE_SECONDS = 0.1


def peak_mib(pid: int) -> float:
    """Return the largest resident size (VmHWM) that a running process has had."""
    return _field_mib(pid, "VmHWM")


def find_child(words: str, parent: int) -> int:
    """Return the pid of the descendant of `parent` whose command line holds `words`."""
    (found,) = (pid for pid in tree(parent) if words in command(pid))
    return found


def tree(pid: int) -> list[int]:
    """Return a process and all its descendants; what ended meanwhile is left out."""
    pids = [pid]
    for each in pids:
        try:
            for children in Path(f"/proc/{each}/task").glob("*/children"):
                pids += map(int, children.read_text().split())
        except OSError:
            continue
    return pids


def tree_mib(pid: int) -> float:
    """Return the summed resident size of a process and all its descendants."""
    return sum(_field_mib(each, "VmRSS") for each in tree(pid))


class TreeSampler:
    """Samples the summed resident size of a process with its descendants while the block runs.

    Pages that they share count once for each; `largest_mib` is therefore an upper bound.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.largest_mib = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self.largest_mib = max(self.largest_mib, tree_mib(self._pid))


def _field_mib(pid: int, field: str) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    _, _, rest = status.partition(f"{field}:")
    return int(rest.split()[0]) / KIB_PER_MIB if rest else 0.0


def command(pid: int) -> str:
    """Return a process's command line, nothing once it ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
