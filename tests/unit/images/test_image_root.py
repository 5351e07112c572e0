"""What an image's root must hold besides the environment: the libraries that ldd finds, and none that it misses."""

from __future__ import annotations

from pathlib import Path

import image_root
import pytest

VENV = Path("/opt/imagebatch")


def _root(tmp_path: Path, *names: str) -> Path:
    for name in names:
        path = tmp_path / "opt" / "imagebatch" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x7fELF")
    return tmp_path


def _ldd(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setattr(image_root, "output", lambda *command: told if command[0] == "ldd" else "")


def test_needed_libraries_when_the_system_has_them_then_those_outside_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ldd(monkeypatch, "\tlibc.so.6 => /lib/libc.so.6 (0x1)\n\tlibheif.so => /opt/imagebatch/libheif.so (0x2)\n")
    assert image_root.needed_libraries(_root(tmp_path, "_heif.so"), VENV) == {Path("/lib/libc.so.6")}


def test_needed_libraries_when_a_wheel_brings_one_that_ldd_cannot_find_alone_then_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ldd(monkeypatch, "\tlibde265.so => not found\n")
    assert image_root.needed_libraries(_root(tmp_path, "heif.libs/libheif.so", "heif.libs/libde265.so"), VENV) == set()


def test_needed_libraries_when_nobody_has_one_then_the_build_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ldd(monkeypatch, "\tlibde265.so => not found\n")
    with pytest.raises(SystemExit, match="libde265"):
        image_root.needed_libraries(_root(tmp_path, "heif.libs/libheif.so"), VENV)
