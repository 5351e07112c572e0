"""How `doctor` judges clocks, limits, disk, names and versions."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from imagebatch_cli.doctor.finding import Level
from imagebatch_cli.doctor.limits import address_space_finding, disk_finding, files_finding, memory_finding
from imagebatch_cli.doctor.names import name_findings
from imagebatch_cli.doctor.service import clock_finding
from imagebatch_cli.doctor.versions import python_finding

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
GIB = 1024**3


@pytest.mark.parametrize(("here", "level"), [(0.0, "ok"), (0.9, "ok"), (-4.4, "ok"), (5.4, "ok"), (6.0, "warning")])
def test_clock_finding_when_the_service_tells_whole_seconds_judges_by_their_middle(here, level):
    assert clock_finding(NOON, NOON + timedelta(seconds=here)).level == level


@pytest.mark.parametrize(("limit", "level"), [(256, "warning"), (1024, "ok"), (resource.RLIM_INFINITY, "ok")])
def test_files_finding_when_few_may_be_open_warns(limit, level):
    assert files_finding(limit).level == level


@pytest.mark.parametrize(("limit", "level"), [(2 * GIB, "warning"), (resource.RLIM_INFINITY, "ok")])
def test_address_space_finding_when_limited_warns(limit, level):
    assert address_space_finding(limit).level == level


def test_memory_finding_when_the_shards_do_not_fit_says_how_many_do():
    assert memory_finding(4 * GIB, shards=4).level is Level.OK
    found = memory_finding(3 * GIB, shards=8)
    assert (found.level, found.advice.endswith("IMAGEBATCH_LOCAL_SHARDS=3")) == (Level.WARNING, True)


@pytest.mark.parametrize(("free", "level"), [(GIB // 100, "failure"), (GIB, "warning"), (9 * GIB, "ok")])
def test_disk_finding_when_room_is_short_says_so(monkeypatch, tmp_path, free, level):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert disk_finding("data directory", tmp_path).level == level


def test_disk_finding_when_the_folder_is_yet_to_be_made_looks_where_it_will_be(tmp_path):
    assert f"free in {tmp_path}" in disk_finding("data directory", tmp_path / "new" / "data").message


@pytest.fixture
def hide(monkeypatch):
    """Have the system refuse to look into a folder, as it does to other users than root."""
    stat, access = os.stat, os.access

    def hide_(folder: Path, number: int) -> None:
        def look(path, *arguments, **options):
            if not isinstance(path, int) and folder in Path(path).parents:
                raise OSError(number, os.strerror(number), str(path))
            return stat(path, *arguments, **options)

        monkeypatch.setattr("os.stat", look)
        monkeypatch.setattr("os.access", lambda path, mode: Path(path) != folder and access(path, mode))

    return hide_


def test_disk_finding_when_the_folder_may_not_be_looked_into_fails_and_names_what_bars_the_way(hide, tmp_path):
    (tmp_path / "locked").mkdir()
    hide(tmp_path / "locked", errno.EACCES)
    found = disk_finding("data directory", tmp_path / "locked" / "new" / "data")
    assert (found.level, found.message) == (Level.FAILURE, f"{tmp_path / 'locked'} cannot be written")


def test_disk_finding_when_the_disk_is_lost_says_so(hide, tmp_path):
    hide(tmp_path, errno.ESTALE)
    found = disk_finding("data directory", tmp_path / "data")
    assert (found.level, found.message) == (Level.FAILURE, f"{tmp_path / 'data'}: {os.strerror(errno.ESTALE)}")


def test_disk_finding_when_the_working_directory_is_gone_says_so(monkeypatch, tmp_path):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert disk_finding("data directory", Path(".imagebatch")).level is Level.FAILURE


def resolve(name: str) -> list[str]:
    known = {"images.example": ["93.184.216.34"], "nas": ["fe80::1%eth0", "10.0.0.5"], "service": ["127.0.0.1"]}
    if name not in known:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return known[name]


def test_name_findings_when_a_host_is_inside_a_network_warns_of_images_only():
    levels = {
        each.subject: each.level.value
        for each in name_findings("http://service:8000", ["images.example", "nas", "gone"], resolve)
    }
    assert levels == {"DNS service": "ok", "DNS images.example": "ok", "DNS nas": "warning", "DNS gone": "failure"}


@pytest.mark.parametrize(("running", "level"), [((3, 10), "failure"), ((3, 11), "ok"), ((4, 0), "ok")])
def test_python_finding_when_too_old_fails(running, level):
    assert python_finding(running).level == level
