"""Files that another user must read are put where that user can walk to, and no folder's mode is changed for it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from imagebatch.model.errors import Misconfigured
from imagebatch_embedded import placement
from imagebatch_embedded.processes import User

if TYPE_CHECKING:
    from pathlib import Path

STRANGER = User(54_321, 54_321)


@pytest.fixture
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stands for /var: every folder above it lets everybody through, by our account."""
    monkeypatch.setattr(placement, "STATE_FOLDER", tmp_path / "state")
    monkeypatch.setattr(placement, "CACHE_FOLDER", tmp_path / "cache")
    real = placement._may_enter
    ours = {tmp_path, *tmp_path.parents}
    monkeypatch.setattr(placement, "_may_enter", lambda folder, user: folder in ours or real(folder, user))
    return tmp_path / "state"


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


@pytest.mark.usefixtures("state_folder")
def test_data_folder_when_reachable_then_is_the_wanted_one(tmp_path: Path) -> None:
    assert placement.data_folder(tmp_path / "data", STRANGER) == tmp_path / "data"


def test_data_folder_when_nobody_drops_root_then_is_the_wanted_one(closed: Path) -> None:
    assert placement.data_folder(closed / "data", None) == closed / "data"


def test_data_folder_when_a_parent_is_closed_then_lies_elsewhere(state_folder: Path, closed: Path) -> None:
    found = placement.data_folder(closed / "postgres", STRANGER)
    assert found.parent == state_folder
    assert found == placement.data_folder(closed / "postgres", STRANGER)
    assert found != placement.data_folder(closed / "other" / "postgres", STRANGER)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.usefixtures("state_folder")
def test_data_folder_when_the_data_directory_is_moved_then_is_still_found(closed: Path, tmp_path: Path) -> None:
    found = placement.data_folder(closed / "first" / "postgres", STRANGER)
    (closed / "first").rename(closed / "second")
    assert placement.data_folder(closed / "second" / "postgres", STRANGER) == found
    assert placement.data_folder(closed / "first" / "postgres", STRANGER) != found
    (closed / "second").rename(tmp_path / "open")
    assert placement.data_folder(tmp_path / "open" / "postgres", STRANGER) == found


@pytest.mark.usefixtures("state_folder")
def test_data_folder_when_it_was_moved_out_of_reach_then_is_not_made_anew(closed: Path) -> None:
    (closed / "postgres").mkdir()
    (closed / "postgres" / "PG_VERSION").touch()
    with pytest.raises(Misconfigured, match="cannot be reached"):
        placement.data_folder(closed / "postgres", STRANGER)


def test_data_folder_when_the_other_place_is_closed_too_then_says_so(state_folder: Path, closed: Path) -> None:
    state_folder.mkdir(mode=0o700)
    with pytest.raises(Misconfigured, match="choose a folder"):
        placement.data_folder(closed / "postgres", STRANGER)


@pytest.mark.usefixtures("state_folder")
def test_programs_home_when_closed_then_its_parts_are_copied_once(closed: Path) -> None:
    (closed / "package" / "bin").mkdir(parents=True, mode=0o700)
    (closed / "package" / "bin" / "program").write_bytes(b"program")
    (closed / "package" / "bin" / "program").chmod(0o700)
    parts = ("package", "missing.libs")
    copy = placement.programs_home(closed, parts, STRANGER) / "package"
    assert (copy / "bin" / "program").read_bytes() == b"program"
    assert {stat.S_IMODE(path.stat().st_mode) for path in (copy, copy / "bin", copy / "bin" / "program")} == {0o755}
    (copy / "mark").touch()
    assert (placement.programs_home(closed, parts, STRANGER) / "package" / "mark").exists()


def test_reachable_when_the_group_may_enter_then_only_its_members_can(tmp_path: Path, state_folder: Path) -> None:
    folder = tmp_path / "group"
    folder.mkdir()
    folder.chmod(0o710)
    member = User(STRANGER.uid, folder.stat().st_gid)
    assert placement.reachable(folder / "file", member)
    assert not placement.reachable(folder / "file", STRANGER)
