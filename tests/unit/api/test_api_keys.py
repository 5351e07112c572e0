"""The file of API keys: its lines, its changes, and which key a token is."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from imagebatch.model.errors import Misconfigured
from imagebatch_api.keys import KeyFile, matching, parse_keys


def sum_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def test_keys_with_comments_and_blank_lines_are_read() -> None:
    text = f"# ours\n\n  shop:{sum_of('a')}\r\nadmin:{sum_of('b').upper()}: local, k8s:images\n"
    shop, admin = parse_keys(text)
    assert (shop.name, shop.owners) == ("shop", {"shop"})
    assert (admin.name, admin.owners) == ("admin", {"admin", "local", "k8s:images"})
    assert matching((shop, admin), "b") is admin


def test_keys_of_one_name_open_both() -> None:
    keys = parse_keys(f"shop:{sum_of('old')}\nshop:{sum_of('new')}\n")
    assert [key.name for token in ("old", "new") if (key := matching(keys, token))] == ["shop", "shop"]


@pytest.mark.parametrize("token", ["", "c", "a ", sum_of("a"), "ä"])
def test_token_that_is_no_key_matches_none(token: str) -> None:
    assert matching(parse_keys(f"shop:{sum_of('a')}"), token) is None


@pytest.mark.parametrize(
    "line",
    [
        "shop",
        "shop:secret",
        f":{sum_of('a')}",
        f"shop :{sum_of('a')}",
        f"a/b:{sum_of('a')}",
        f"shop:{sum_of('a')}0",
        f"shop:{sum_of('a')}:x,,y",
        f"shop:{sum_of('a')}:x y",
        f"{'x' * 64}:{sum_of('a')}",
    ],
)
def test_keys_with_a_bad_line_are_misconfigured_without_repeating_it(line: str) -> None:
    with pytest.raises(Misconfigured, match="line 2") as refused:
        parse_keys(f"# one\n{line}\n")
    assert sum_of("a") not in refused.value.message
    assert "secret" not in refused.value.message


def test_keys_twice_the_same_are_misconfigured() -> None:
    with pytest.raises(Misconfigured):
        parse_keys(f"a:{sum_of('k')}\nb:{sum_of('k')}\n")


@pytest.mark.parametrize("text", ["", "# none\n"])
def test_key_file_when_its_last_key_is_removed_lets_nobody_in(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys"
    path.write_text(f"shop:{sum_of('a')}\n")
    file = KeyFile(path)
    path.write_text(text)
    assert matching(file.keys(), "a") is None


def test_key_file_when_it_changes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"shop:{sum_of('old')}\n")
    file = KeyFile(path)
    assert matching(file.keys(), "old")
    path.write_text(f"shop:{sum_of('renewed')}\nother:{sum_of('x')}\n")
    assert (matching(file.keys(), "old"), len(file.keys())) == (None, 2)


def test_key_file_when_it_changes_but_not_its_size_or_time_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"shop:{sum_of('old')}\n")
    file, before = KeyFile(path), path.stat()
    path.write_text(f"shop:{sum_of('new')}\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (matching(file.keys(), "old"), matching(file.keys(), "new") is None) == (None, False)


def test_key_file_when_its_rights_are_mended_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys"
    path.write_text(f"shop:{sum_of('old')}\n")
    file = KeyFile(path)
    path.write_text(f"shop:{sum_of('new')}\n")
    with monkeypatch.context() as closed:  # root, who runs tests in places, may read anything
        closed.setattr(Path, "read_text", Mock(side_effect=PermissionError(errno.EACCES, "Permission denied")))
        assert matching(file.keys(), "old")
    path.chmod(0o640)
    assert (matching(file.keys(), "old"), matching(file.keys(), "new") is None) == (None, False)


@pytest.mark.parametrize("broken", [b"shop:no\n", b"\xff\xfe", None])
def test_key_file_when_it_breaks_keeps_the_keys_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: bytes | None
) -> None:
    path = tmp_path / "keys"
    path.write_text(f"shop:{sum_of('a')}\n")
    file = KeyFile(path)
    if broken is None:
        path.unlink()
    else:
        path.write_bytes(broken)
    with caplog.at_level(logging.ERROR):
        assert matching(file.keys(), "a")
        assert matching(file.keys(), "a")
    assert len(caplog.records) == 1
    path.write_text(f"shop:{sum_of('later')}\n")
    assert matching(file.keys(), "later")


@pytest.mark.parametrize("content", [None, "shop:no"])
def test_key_file_that_is_no_good_at_the_start_is_misconfigured(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "keys"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Misconfigured, match="IMAGEBATCH_API_KEYS_FILE"):
        KeyFile(path)
