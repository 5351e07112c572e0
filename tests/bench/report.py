"""The rows that `make bench` prints: figure, goal and whether it was met; and the machine they were measured on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import features

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADINGS = ("measured", "figure", "goal", "")
GIB = 2**30


@dataclass(frozen=True)
class Goal:
    """A bound on a figure, its stretch in words."""

    bound: float
    at_least: bool
    unit: str = ""
    stretch: float | None = None

    @classmethod
    def least(cls, bound: float, unit: str = "", stretch: float | None = None) -> Goal:
        return cls(bound, at_least=True, unit=unit, stretch=stretch)

    @classmethod
    def most(cls, bound: float, unit: str = "") -> Goal:
        return cls(bound, at_least=False, unit=unit)

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        stretch = f" (stretch {self.stretch:g})" if self.stretch else ""
        return f"{sign} {self.bound:g} {self.unit}".rstrip() + stretch

    def met(self, value: float) -> bool:
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True)
class Row:
    """One measured figure."""

    name: str
    value: float
    unit: str = ""
    goal: Goal | None = None

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return ""
        if not self.goal.met(self.value):
            return "not met"
        return "met, stretch too" if self.goal.stretch and self.value >= self.goal.stretch else "met"

    def cells(self) -> tuple[str, str, str, str]:
        digits = 2 if self.value < 10 else 1 if self.value < 100 else 0
        return self.name, f"{self.value:,.{digits}f} {self.unit}".rstrip(), str(self.goal or ""), self.verdict

    def to_json(self) -> dict[str, object]:
        goal = str(self.goal) if self.goal else None
        return {"name": self.name, "value": self.value, "unit": self.unit, "goal": goal, "verdict": self.verdict}


@dataclass(frozen=True)
class Absent:
    """What cannot be measured on this machine, and why."""

    name: str
    reason: str

    def cells(self) -> tuple[str, str, str, str]:
        return self.name, "not installed", "", self.reason

    def to_json(self) -> dict[str, object]:
        return {"name": self.name, "absent": self.reason}


def table(rows: Sequence[Row | Absent]) -> str:
    """Return the rows as a Markdown table with aligned columns."""
    return text_table(HEADINGS, [row.cells() for row in rows])


def text_table(headings: tuple[str, ...], lines: Sequence[tuple[str, ...]]) -> str:
    """Return lines of cells as a Markdown table with aligned columns."""
    lines = [headings, *lines]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    text.insert(1, "| " + " | ".join("-" * max(3, width) for width in widths) + " |")
    return "\n".join(text)


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    return {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "Pillow": f"{importlib.metadata.version('pillow')}, libjpeg-turbo {features.version('libjpeg_turbo')}",
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def _processor() -> str:
    lines = (line.partition(":") for line in Path("/proc/cpuinfo").read_text().splitlines())
    info = {key.strip(): value.strip() for key, _, value in lines}
    name = info.get("model name", platform.machine())
    family = f" (family {info['cpu family']}, model {info['model']})" if "model" in info else ""
    return f"{name}{family}"
