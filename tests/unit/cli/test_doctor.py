"""`doctor` with a played service: its findings in both forms, and the exit code."""

from __future__ import annotations

import errno
import json
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from unittest.mock import Mock

import pytest
import requests
from support.played_service import Played

READY = {"ready": True, "dependencies": [{"name": n, "ready": True, "message": None} for n in ("database", "store")]}
EMPTY = Played.json({"requests": [], "next_page_token": None})


def ready(ahead_seconds: float = 0.0, body: object = READY, status: int = 200) -> Played:
    date = datetime.now(UTC) + timedelta(seconds=ahead_seconds)
    return Played.json(body, status, Date=format_datetime(date, usegmt=True))


@pytest.fixture(autouse=True)
def _healthy(service, monkeypatch):
    service.answers["GET /readyz"] = ready()
    service.answers["GET /requests?page_size=1"] = EMPTY
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: answer)


@pytest.fixture
def examine(run, tmp_path):
    """Run `doctor` and return its exit code and the findings by subject."""

    def examine_(*arguments: object) -> tuple[int, dict[str, dict[str, str]]]:
        ended = run("doctor", "--data", tmp_path / "data", "-o", "json", *arguments)
        said = json.loads(ended.out)
        assert said["ok"] is (ended.code == 0)
        return ended.code, {each["subject"]: each for each in said["findings"]}

    return examine_


def test_doctor_when_all_is_well_exits_0(examine):
    code, found = examine()
    assert code == 0, found
    for subject in ("service", "database", "store", "clock", "access", "DNS 127.0.0.1", "Python", "ImageBatch"):
        assert found[subject]["level"] == "ok"
    assert {"open files", "address space", "processors", "memory", "data directory", "temporary files"} <= set(found)


def test_doctor_when_the_service_is_down_says_so_and_looks_at_the_rest(examine, service):
    service.answers["GET /readyz"] = requests.ConnectionError("refused")
    code, found = examine()
    assert (code, found["service"]["level"], service.waits) == (1, "failure", [])
    assert "imagebatch dev" in found["service"]["advice"]
    assert found["Python"]["level"] == "ok"


def test_doctor_when_a_dependency_is_down_names_it(examine, service):
    lost = {"name": "store", "ready": False, "message": "the store does not answer"}
    service.answers["GET /readyz"] = ready(body={"ready": False, "dependencies": [lost]}, status=503)
    code, found = examine()
    assert (code, found["service"]["level"], found["store"]["message"]) == (1, "failure", lost["message"])
    assert found["store"]["advice"]
    assert len(service.requests) == 1


def test_doctor_when_something_else_answers_says_so(examine, service):
    service.answers["GET /readyz"] = Played(b"<html>")
    code, found = examine()
    assert (code, "is not an ImageBatch service" in found["service"]["message"]) == (1, True)


@pytest.mark.parametrize(("ahead", "words"), [(60, "ahead of"), (-60, "behind")])
def test_doctor_when_the_clocks_differ_warns_and_exits_0(examine, service, ahead, words):
    service.answers["GET /readyz"] = ready(ahead)
    code, found = examine()
    assert (code, found["clock"]["level"]) == (0, "warning")
    assert words in found["clock"]["message"]


def test_doctor_when_the_service_tells_no_time_warns(examine, service):
    service.answers["GET /readyz"] = Played.json(READY)
    assert examine()[1]["clock"]["level"] == "warning"


def test_doctor_when_the_api_key_is_not_known_fails_without_showing_it(run, service):
    service.answers["GET /requests?page_size=1"] = Played.json({"detail": "No."}, 401)
    ended = run("doctor", "--api-key", "ib_secret")
    assert ended.code == 1
    assert "failure\taccess\tThe service does not know the API key" in ended.out
    assert "ib_secret" not in ended.out + ended.err


def test_doctor_when_the_data_directory_cannot_be_written_fails(examine, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)
    code, found = examine()
    assert (code, found["data directory"]["level"]) == (1, "failure")


def test_doctor_when_no_folder_takes_temporary_files_fails_and_tells_the_rest(examine, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", Mock(side_effect=FileNotFoundError(errno.ENOENT, "None is usable")))
    code, found = examine()
    assert (code, found["temporary files"]["level"]) == (1, "failure")
    assert found["temporary files"]["message"] == "None is usable"
    assert found["Python"]["level"] == "ok"
