"""How much of the machine this process holds: processors and memory. Asked when a pool is sized, and by `doctor`."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


def available_cpus(cgroups: Path = _CGROUPS, own_cgroup: Path = _OWN_CGROUP) -> int:
    """Return the processors that may run at once: the affinity mask, cut by cgroup quotas (v2, v1), at least 1.

    A quota of one and a half processors counts as two: throttled for a moment beats idle for good.
    """
    shares = [float(len(os.sched_getaffinity(0)))]
    for folder in _own_folders(cgroups, own_cgroup):
        shares += _quota(_words(folder / "cpu.max"))
    v1 = cgroups / "cpu"
    shares += _quota(_words(v1 / "cpu.cfs_quota_us") + _words(v1 / "cpu.cfs_period_us"))
    return max(1, math.ceil(min(shares)))


def available_memory_bytes(cgroups: Path = _CGROUPS, own_cgroup: Path = _OWN_CGROUP) -> int:
    """Return the memory (bytes) that this process may use: physical memory, cut by cgroup limits (v2, v1)."""
    sizes = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    files = [folder / "memory.max" for folder in _own_folders(cgroups, own_cgroup)]
    for file in (*files, cgroups / "memory" / "memory.limit_in_bytes"):
        sizes += [int(word) for word in _words(file) if word.isdigit()]
    return min(sizes)


def _own_folders(cgroups: Path, own_cgroup: Path) -> list[Path]:
    """Return the cgroup v2 folders from this process's own up to the root: each may hold a limit."""
    lines = own_cgroup.read_text().splitlines() if own_cgroup.exists() else []
    own = next((line[3:].strip("/") for line in lines if line.startswith("0::")), "")
    folder = cgroups / own
    return [folder, *(parent for parent in folder.parents if parent.is_relative_to(cgroups))]


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:
        return []


def _quota(words: list[str]) -> list[float]:
    """Read `quota period` (microseconds); `max` and -1 mean none."""
    if len(words) != 2 or not words[0].isdigit() or not words[1].isdigit() or int(words[1]) == 0:
        return []
    return [int(words[0]) / int(words[1])]
