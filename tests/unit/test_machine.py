"""The processors and the memory held, read from cgroup files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from imagebatch.machine import available_cpus, available_memory_bytes

if TYPE_CHECKING:
    from pathlib import Path

ALL_CPUS = len(os.sched_getaffinity(0))


@pytest.fixture
def own_cgroup(tmp_path: Path) -> Path:
    file = tmp_path / "self-cgroup"
    file.write_text("0::/pods/mine\n")
    (tmp_path / "cgroups" / "pods" / "mine").mkdir(parents=True)
    return file


def test_available_cpus_when_no_quota_then_the_affinity_mask(tmp_path: Path, own_cgroup: Path) -> None:
    (tmp_path / "cgroups" / "cpu.max").write_text("max 100000\n")
    assert available_cpus(tmp_path / "cgroups", own_cgroup) == ALL_CPUS


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("100000 100000", 1), ("25000 100000", 1), ("150000 100000", 2), ("800000 100000", ALL_CPUS)],
)
@pytest.mark.parametrize("folder", ["", "pods", "pods/mine"])
def test_available_cpus_when_a_cgroup_has_a_quota_then_the_least_of_both(
    tmp_path: Path, own_cgroup: Path, quota: str, expected: int, folder: str
) -> None:
    (tmp_path / "cgroups" / folder / "cpu.max").write_text(quota + "\n")
    assert available_cpus(tmp_path / "cgroups", own_cgroup) == min(expected, ALL_CPUS)


def test_available_cpus_when_cgroup_v1_has_a_quota_then_it_counts(tmp_path: Path, own_cgroup: Path) -> None:
    cpu = tmp_path / "cgroups" / "cpu"
    cpu.mkdir()
    (cpu / "cpu.cfs_quota_us").write_text("100000\n")
    (cpu / "cpu.cfs_period_us").write_text("100000\n")
    assert available_cpus(tmp_path / "cgroups", own_cgroup) == 1


def test_available_memory_when_the_pod_is_limited_then_the_limit(tmp_path: Path, own_cgroup: Path) -> None:
    (tmp_path / "cgroups" / "memory.max").write_text("max\n")
    (tmp_path / "cgroups" / "pods" / "memory.max").write_text("268435456\n")
    assert available_memory_bytes(tmp_path / "cgroups", own_cgroup) == 268_435_456


def test_available_memory_when_unlimited_then_the_machines(tmp_path: Path) -> None:
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert available_memory_bytes(tmp_path, tmp_path / "missing") == physical
