"""What a release's operator counts and how much memory it took, read at its pod."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from prometheus_client.parser import text_string_to_metric_families

from support.pod_processes import pod_of, processes_of
from support.process_tree import PROC

if TYPE_CHECKING:
    from support.installation import Installation

METRICS_PORT = 9090
PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)

Sample = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True)
class Reading:
    """Every sample of one scrape, by name and labels."""

    values: dict[Sample, float]

    def since(self, before: Reading) -> Reading:
        """Return what was added after an earlier reading of the same process."""
        return Reading({sample: value - before.values.get(sample, 0.0) for sample, value in self.values.items()})

    def by(self, name: str, *labels: str) -> Counter[tuple[str, ...]]:
        """Return the sums of a counter by some of its labels."""
        sums: Counter[tuple[str, ...]] = Counter()
        for (sample, pairs), value in self.values.items():
            if sample == name and value:
                sums[tuple(dict(pairs)[label] for label in labels)] += round(value)
        return sums

    def histogram(self, name: str) -> Histogram:
        """Return a histogram without labels."""
        buckets = {
            float(dict(pairs)["le"]): v for (sample, pairs), v in self.values.items() if sample == f"{name}_bucket"
        }
        return Histogram(buckets, self.values[f"{name}_sum", ()], self.values[f"{name}_count", ()])


@dataclass(frozen=True)
class Histogram:
    """How often something took at most so many seconds."""

    buckets: dict[float, float]
    total_seconds: float
    count: float

    def __str__(self) -> str:
        mean = self.total_seconds / self.count if self.count else 0.0
        shares = ", ".join(f"{100 * n / self.count:.1f} % in {le:g} s" for le, n in self._told())
        return f"{self.count:.0f} times, {1000 * mean:.1f} ms on average; {shares}"

    def _told(self) -> list[tuple[float, float]]:
        """Return the buckets up to the first one that holds everything."""
        told = []
        for le, n in sorted(self.buckets.items()):
            told.append((le, n))
            if n >= self.count:
                break
        return told


def reading(installation: Installation) -> Reading:
    """Return what the operator counts now."""
    address = pod_of(installation, "operator")["status"]["podIP"]
    text = httpx.get(f"http://{address}:{METRICS_PORT}/metrics", trust_env=False).raise_for_status().text
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return Reading({(each.name, tuple(sorted(each.labels.items()))): each.value for each in samples})


def peak_memory_bytes(installation: Installation, part: str) -> int:
    """Return the most memory that the processes of a part's pod ever had resident."""
    found = [PEAK.search((PROC / str(pid) / "status").read_text()) for pid in processes_of(pod_of(installation, part))]
    return sum(1024 * int(peak[1]) for peak in found if peak)
