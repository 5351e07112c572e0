"""What README shows is what happens: its commands are run as printed."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.waiting import eventually
from support.walk_through import Shell, blocks, sample_shell, scripts

from imagebatch_embedded.supervisor import Installation

ROOT = Path(__file__).resolve().parents[3]
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
COUNTS = {"total": 8, "pending": 0, "succeeded": 7, "failed": 1}


@pytest.fixture
def shell(installation: Installation, tmp_path: Path) -> Iterator[Shell]:
    with sample_shell(installation.api_url, tmp_path) as shell:
        yield shell


def test_readme_when_its_commands_are_run_shows_what_happens(shell: Shell) -> None:
    upload, ask, download, submit = scripts(ROOT / "README.md")
    _, shown = [json.loads(text) for text in blocks(ROOT / "README.md", "json")]
    (example,) = {*UUID.findall(ask)}
    shell.filled[example] = json.loads(shell.run(upload))["request_id"]

    def ended() -> dict[str, object]:
        status = json.loads(shell.run(ask))
        return dict(status) if status["status"] == shown["status"] else {}

    status = eventually(ended, 60, "the documented status")
    assert {name: status[name] for name in ("reason", "counts")} == {name: shown[name] for name in ("reason", "counts")}
    assert shown["counts"] == COUNTS
    token = str(status["result_url"]).partition("?t=")[2]
    shell.filled["?t=…"] = f"?t={token}"
    shell.run(download)
    with (shell.folder / "output.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["Output Image Urls"].count("http://") for row in rows] == [2, 1, 1, 1, 1, 1]
    assert "Completed (PartiallySucceeded)" in shell.run(submit)
