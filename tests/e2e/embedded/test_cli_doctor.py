"""`doctor` against a running service, and with none."""

from __future__ import annotations

import json
from pathlib import Path

from support.command_line import imagebatch

from imagebatch_embedded.processes import free_port
from imagebatch_embedded.supervisor import Installation


def levels(printed: str) -> dict[str, str]:
    return {each["subject"]: each["level"] for each in json.loads(printed)["findings"]}


def test_doctor_when_the_service_runs_finds_no_failure(installation: Installation) -> None:
    ended = imagebatch("doctor", "--url", installation.api_url, "--data", installation.data, "-o", "json")
    assert ended.returncode == 0, ended.stdout
    found = levels(ended.stdout)
    for subject in ("service", "database", "store", "clock", "access", "DNS 127.0.0.1"):
        assert found[subject] == "ok", ended.stdout


def test_doctor_when_nothing_runs_says_what_to_do(tmp_path: Path) -> None:
    ended = imagebatch("doctor", "--url", f"http://127.0.0.1:{free_port()}", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")
    first, second, *_ = ended.stdout.splitlines()
    assert first == "State\tWhat\tFound\tWhat to do"
    assert second.startswith("failure\tservice\tNo service answers")
    assert "imagebatch dev" in second


def test_doctor_when_a_host_cannot_be_found_fails(installation: Installation, tmp_path: Path) -> None:
    url = ("--url", installation.api_url)
    ended = imagebatch("doctor", *url, "--resolve", "nowhere.invalid", "-o", "json", folder=tmp_path)
    assert (ended.returncode, levels(ended.stdout)["DNS nowhere.invalid"]) == (1, "failure")
