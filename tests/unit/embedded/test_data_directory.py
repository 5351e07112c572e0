"""The ports of an installation are kept, whatever happens while they are written."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from imagebatch.model.errors import Misconfigured
from imagebatch_embedded import data_directory
from imagebatch_embedded.data_directory import DataDirectory, Ports
from imagebatch_embedded.seaweed_server import SeaweedPorts

PORTS = Ports(8000, 15_000, SeaweedPorts(*range(16_000, 16_010)))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataDirectory:
    """A folder whose first ports are PORTS."""
    monkeypatch.setattr(data_directory.Ports, "choose", lambda wanted: replace(PORTS, api=wanted or PORTS.api))
    return DataDirectory(tmp_path)


def test_ports_when_chosen_once_are_kept(data: DataDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    assert data.ports() == PORTS
    monkeypatch.delattr(data_directory.Ports, "choose")
    assert data.ports() == PORTS
    assert data.ports(9000) == data.ports() == replace(PORTS, api=9000)


@pytest.mark.parametrize(
    ("wanted", "owner"), [(PORTS.postgres, "Postgres"), (PORTS.s3.s3, "the store"), (PORTS.s3.filer, "the store")]
)
def test_ports_when_the_wanted_one_is_kept_for_a_server_is_refused_and_stay(
    data: DataDirectory, wanted: int, owner: str
) -> None:
    data.ports()
    with pytest.raises(Misconfigured, match=f"port {wanted} is kept for {owner} here; choose another one with --port"):
        data.ports(wanted)
    assert data.ports() == PORTS


def test_ports_when_two_were_kept_alike_are_refused_until_another_is_wanted(data: DataDirectory) -> None:
    replace(PORTS, api=PORTS.postgres).write(data.path / "ports.json")
    with pytest.raises(Misconfigured, match="kept for Postgres"):
        data.ports()
    assert data.ports(9000) == replace(PORTS, api=9000)


def test_ports_when_the_disk_is_full_stay_as_they_were(data: DataDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: Path, _: str) -> int:
        file.open("w").close()
        raise OSError(28, "No space left on device")

    data.ports()
    with monkeypatch.context() as broken:
        broken.setattr(Path, "write_text", full)
        assert data.ports() == PORTS
        with pytest.raises(Misconfigured, match="No space left"):
            data.ports(9000)
    assert data.ports() == PORTS


@pytest.mark.parametrize("text", ["", "{", "[]", '{"api": 8000}', '{"api": 1, "postgres": 2, "s3": {"s3": 3}}'])
def test_ports_when_the_file_is_broken_are_refused_by_its_name(data: DataDirectory, text: str) -> None:
    (data.path / "ports.json").write_text(text)
    with pytest.raises(Misconfigured, match=r"ports\.json cannot be read.*delete it"):
        data.ports()


def test_old_logs_of_shards_when_dropped_leave_the_young_and_the_lock(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.shard_logs.mkdir(parents=True)
    for name, days in (("old.log", 31), ("young.log", 29), ("running.lock", 31)):
        file = data.shard_logs / name
        file.touch()
        written = file.stat().st_mtime - days * 86_400
        os.utime(file, (written, written))
    data.drop_old_logs()
    assert sorted(file.name for file in data.shard_logs.iterdir()) == ["running.lock", "young.log"]
