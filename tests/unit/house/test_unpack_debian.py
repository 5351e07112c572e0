"""hack/unpack_debian.sh beside an apt-get and a dpkg-deb that only do as if."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "hack" / "unpack_debian.sh"
# Knows packages only by lists that were fetched before: a folder that `update` was told.
APT = """
case "$*" in
  *Dir::State::Lists=*" update "*) touch lists/fetched ;;
  *download*) [ -n "$HAS_LISTS" ] || [ -e lists/fetched ] || exit 100
              while [ "$1" != -qq ]; do shift; done; shift; touch "${@/%/.deb}" ;;
  *) exit 100 ;;
esac
"""


def _unpack(
    tmp_path: Path, *packages: str, programs: dict[str, str], has_lists: str = ""
) -> subprocess.CompletedProcess[str]:
    for name, body in programs.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{body}")
        (tmp_path / name).chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HAS_LISTS": has_lists}
    command = [str(SCRIPT), "out", *packages]
    return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)


def test_packages_when_apt_has_lists_or_none_then_they_are_unpacked(tmp_path: Path) -> None:
    programs = {"apt-get": APT, "dpkg-deb": 'cp "$2" "$3"'}
    for has_lists in ("yes", ""):
        done = _unpack(tmp_path, "one", "two", programs=programs, has_lists=has_lists)
        assert (done.returncode, done.stderr) == (0, "")
        assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["one.deb", "two.deb"]
        for file in (tmp_path / "out").iterdir():
            file.unlink()


def test_packages_when_apt_does_not_know_one_then_its_name_in_the_last_line(tmp_path: Path) -> None:
    done = _unpack(tmp_path, "one", programs={"apt-get": "exit 100", "dpkg-deb": ""})
    assert (done.returncode, done.stderr) == (1, "packages: apt-get cannot download one\n")
    assert not (tmp_path / "out").exists()
