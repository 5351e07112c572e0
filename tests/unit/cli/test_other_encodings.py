"""What is given in bytes that are no UTF-8: refused with the option's name, unless it names a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.played_service import REQUEST_ID, Played

LATIN_1 = os.fsdecode("Stühle".encode("latin-1"))  # as Python hands over what a shell passes on
CSV = b"S. No.,Product Name,Input Image Urls\r\n1,Chair,https://shop.example/a.jpg\r\n"
PLAN = {"rows": 1, "slots": 1, "images": 1, "plan": {"shards": 1, "images_per_shard": 1, "parallelism": 1}}
NAMED = {
    "ID": [(name, LATIN_1) for name in ("status", "watch", "images", "errors", "results", "cancel", "retry")],
    "ID...": [("delete", "--yes", REQUEST_ID, LATIN_1)],
    "--url": [("list", "--url", f"http://{LATIN_1}")],
    "--api-key": [("list", "--api-key", LATIN_1)],
    "--code": [("images", REQUEST_ID, "--code", LATIN_1)],
    "--resolve": [("doctor", "--resolve", LATIN_1)],
    "--webhook-url": [("submit", "products.csv", "--webhook-url", f"https://shop.example/{LATIN_1}")],
    "--data": [("dev", "--data", LATIN_1), ("demo", "--data", LATIN_1)],
    "--host": [("webhook", "listen", "--host", LATIN_1)],
    "--secret": [("webhook", "listen", "--secret", LATIN_1)],
}


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("name", "arguments"), [(name, each) for name, some in NAMED.items() for each in some])
def test_command_when_given_no_utf8_exits_2_and_names_what_was_given(run, service, name, arguments):
    ended = run(*arguments)
    assert (ended.code, ended.out, service.requests) == (2, "", [])
    assert f"Error: Invalid value for '{name}'" in ended.err
    assert ended.err.endswith(": It is not text in UTF-8.\n")


def test_command_when_a_variable_is_no_utf8_exits_2_and_names_it(run, monkeypatch):
    monkeypatch.setenv("IMAGEBATCH_API_KEY", LATIN_1)
    ended = run("list")
    assert ended.code == 2
    assert "Invalid value for '--api-key' (env var: 'IMAGEBATCH_API_KEY'): It is not" in ended.err
    assert "hle" not in ended.err


def test_validate_when_the_files_name_is_no_utf8_sends_it(run, service):
    Path(LATIN_1).write_bytes(CSV)
    service.answers["POST /upload?dry_run=true"] = Played.json(PLAN)
    assert run("validate", LATIN_1).code == 0
    assert service.requests[0].body == CSV


def test_validate_when_such_a_file_is_missing_shows_the_bytes_of_its_name(run):
    ended = run("validate", LATIN_1)
    assert (ended.code, ended.err) == (2, "imagebatch: St\\xfchle cannot be read: No such file or directory\n")
