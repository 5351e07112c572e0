"""The demo empties its own folder and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagebatch.model.errors import Misconfigured
from imagebatch_embedded.data_directory import DataDirectory
from imagebatch_embedded.demo.folder import DemoFolder


def test_folder_when_new_or_empty_becomes_the_demos(tmp_path: Path) -> None:
    for path in (tmp_path / "new" / "folder", tmp_path / "empty"):
        DemoFolder(path).renew()
        DemoFolder(path).renew()
        assert DemoFolder(path).webhook_key().startswith("whsec_")


def test_folder_when_it_is_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(Misconfigured, match="not the demo's"):
        DemoFolder(tmp_path).renew()
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


def test_folder_when_renewed_forgets_the_last_demo(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path / "demo")
    folder.renew()
    key = folder.webhook_key()
    folder.results.mkdir()
    (folder.data / "postgres").mkdir(exist_ok=True)
    folder.renew()
    assert not folder.results.exists()
    assert not (folder.data / "postgres").exists()
    assert folder.webhook_key() != key


def test_folder_when_a_demo_runs_in_it_is_left_alone(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path / "demo")
    folder.renew()
    running = DataDirectory(folder.data)
    running.open()
    try:
        with pytest.raises(Misconfigured, match="in use"):
            folder.renew()
    finally:
        running.close()


def test_folder_when_it_is_a_file_says_so(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("in the way")
    with pytest.raises(Misconfigured, match="cannot be used"):
        DemoFolder(tmp_path / "demo").renew()
