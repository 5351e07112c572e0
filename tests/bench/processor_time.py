"""Whose processor time it was: figures taken while other programs worked are not to be compared."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from bench.memory import tree

IDLE_FIELDS = (3, 4)  # of /proc/stat: idle and waiting for input or output
TIME_FIELDS = slice(11, 15)  # of /proc/PID/stat after the name: own and ended children's, user and system
OWN_FIELDS = slice(11, 13)


@dataclass(frozen=True)
class Reading:
    """Clock ticks since the machine's start: all there were, those used, and those of this program's tree."""

    all: int
    used: int
    ours: int

    @classmethod
    def now(cls) -> Reading:
        with Path("/proc/stat").open() as file:
            counted = [int(field) for field in file.readline().split()[1:9]]
        idle = sum(counted[field] for field in IDLE_FIELDS)
        return cls(sum(counted), sum(counted) - idle, sum(ticks(pid, TIME_FIELDS) for pid in tree(os.getpid())))

    def others_percent_since(self, earlier: Reading) -> float:
        """Return the share of all processor time that neither idled nor went to this program's tree."""
        others = (self.used - earlier.used) - (self.ours - earlier.ours)
        return 100 * max(0, others) / max(1, self.all - earlier.all)


def ticks(pid: int, counted: slice = OWN_FIELDS) -> int:
    """Return the clock ticks that a process has used, 0 once it ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return sum(int(field) for field in text.rpartition(")")[2].split()[counted])
