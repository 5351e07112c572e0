"""Something else answers where the service should: the command says so and ends with its documented exit code."""

from __future__ import annotations

import json
import re
import socket
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from support.played_service import REQUEST_ID, URL, Played, status

READY = {"ready": True, "dependencies": [{"name": "database", "ready": True, "message": None}]}
IMAGE = {"row": 0, "position": 0, "code": None, "bytes_in": 1, "bytes_out": 1, "milliseconds": 1, "attempts": 1}
PLAN = {"rows": 1, "slots": 1, "images": 1, "plan": {"shards": 1, "images_per_shard": 1, "parallelism": 1}}
SAID = re.compile(r"is not an ImageBatch service|No service answers at")
RESULTS = f"GET /results/{REQUEST_ID}"
COMMANDS = [
    ("validate", "products.csv"),
    ("submit", "products.csv"),
    ("list",),
    *((name, REQUEST_ID) for name in ("status", "watch", "images", "errors", "results", "cancel", "retry")),
    ("webhook", "attempts", REQUEST_ID),
    ("webhook", "redeliver", REQUEST_ID),
]
ANSWERS = {
    "another-object": Played.json({"status": "ok"}),
    "a-list": Played.json(["ok"]),
    "deep": Played(b"[" * 100_000),
    "a-redirect-to-no-address": Played(b"", 302, {"Location": "http://["}),
    "a-redirect-in-another-encoding": Played(b"", 302, {"Location": "/\xff"}),
}


def without(member: str, answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != member}


ALIKE: list[tuple[str, object]] = [
    *(("validate products.csv", without(each, PLAN)) for each in PLAN),
    *(("validate products.csv", {**PLAN, "plan": plan}) for plan in (None, "free", [], {})),
    ("submit products.csv", {"request_id": None}),
    ("retry ID", {"request_id": ["new"]}),
    *(("status ID", without(each, status())) for each in ("request_id", "status", "reason", "message", "bytes")),
    *(("status ID", status(counts=counts)) for counts in (7, [], {}, {"total": "many"}, None)),
    ("status ID", status(bytes={"input": "1 kB", "output": None, "saved": 0})),
    ("watch ID", status(result_url=5)),
    ("cancel ID", status(counts={"total": 4})),
    *(("list", {"requests": requests}) for requests in (5, None, {"a": status()}, ["a"], [None], [{}])),
    ("list", {"requests": [without("created_at", status())]}),
    ("list", {"requests": [status(created_at=5)]}),
    *(("images ID", {"images": images}) for images in (5, {"a": 1}, ["a"], [{}], [{**IMAGE, "row": "first"}])),
    *(("webhook attempts ID", {"attempts": attempts}) for attempts in (5, ["first"], [{}], [])),
    ("webhook attempts ID", {"request_id": REQUEST_ID, "state": ["Pending"], "attempts": []}),
]


@pytest.fixture(autouse=True)
def _machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: answer)
    Path("products.csv").write_text("S. No.,Product Name,Input Image Urls\r\n1,Chair,https://shop.example/a.jpg\r\n")


@pytest.fixture
def stranger(service):
    """Have every request answered alike, but those that have an answer of their own."""

    def stranger_(answer: Played) -> None:
        service.answers = defaultdict(lambda: answer, service.answers)

    return stranger_


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_command_when_a_stranger_answers_exits_4_at_once(run, service, stranger, arguments, answer):
    stranger(answer)
    ended = run(*arguments)
    assert (ended.code, ended.out, service.waits) == (4, "", [])
    assert SAID.search(ended.err)


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize(("command", "answer"), ALIKE, ids=str)
def test_command_when_an_answer_only_resembles_ours_exits_4(run, stranger, command, answer, output):
    stranger(Played.json(answer))
    ended = run(*command.replace("ID", REQUEST_ID).split(), "-o", output)
    assert (ended.code, ended.out) == (4, "")
    assert "is not an ImageBatch service" in ended.err


@pytest.mark.parametrize("body", [b"", b"\xff\xfe"])
def test_errors_when_the_link_leads_to_no_csv_exits_4(run, service, body):
    service.answers[f"GET /status/{REQUEST_ID}"] = Played.json(status())
    service.answers[f"{RESULTS}/errors.csv?t=x"] = Played(body)
    assert run("errors", REQUEST_ID).code == 4


@pytest.mark.parametrize("link", ["http://[", "http://host:port/"])
def test_results_when_the_link_is_no_address_exits_4(run, service, link):
    service.answers[f"GET /status/{REQUEST_ID}"] = Played.json(status(result_url=link))
    assert (run("results", REQUEST_ID).code, service.waits) == (4, [])


@pytest.mark.parametrize("report", [{}, {"images": 5}, {"images": {"a": 1}}, {"images": ["a"]}], ids=str)
def test_results_when_the_report_is_another_document_exits_4(run, service, stranger, report):
    service.answers[f"GET /status/{REQUEST_ID}"] = Played.json(status())
    stranger(Played.json(report))
    assert run("results", REQUEST_ID, "--images").code == 4


def test_results_when_an_image_has_no_address_saves_the_others_and_exits_1(run, service, tmp_path):
    links = ["http://[/0.jpg", f"{URL}/1.jpg"]
    service.answers = defaultdict(lambda: Played.json({"images": [{"output_url": each} for each in links]}))
    service.answers |= {f"GET /status/{REQUEST_ID}": Played.json(status()), "GET /1.jpg": Played(b"jpeg")}
    assert run("results", REQUEST_ID, "--images", "--to", tmp_path).code == 1
    assert [file.name for file in (tmp_path / "images").iterdir()] == ["1.jpg"]


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize("errors", ["all", 5, {"file": ["is missing"]}, ["all"], [None]], ids=str)
def test_submit_when_a_stranger_refuses_exits_3_and_asks_who_it_is(run, stranger, errors, output):
    stranger(Played.json({"detail": "Bad.", "errors": errors}, 400))
    ended = run("submit", "products.csv", "-o", output)
    assert ended.code == 3
    assert "is an ImageBatch service there?" in ended.err


def test_submit_when_a_refusal_is_too_deep_exits_3(run, stranger):
    stranger(Played(b"[" * 100_000, 400))
    assert run("submit", "products.csv").code == 3


@pytest.mark.parametrize("seconds", ["99999999999", "9" * 400])
def test_watch_when_asked_to_wait_for_ages_looks_again_within_the_hour(run, service, seconds):
    running = status("Processing", "Running")
    service.answers[f"GET /status/{REQUEST_ID}"] = [Played.json(running, Retry_After=seconds), Played.json(status())]
    assert (run("watch", REQUEST_ID).code, service.waits) == (0, [3600.0])


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_doctor_when_a_stranger_answers_exits_1_with_all_other_findings(run, stranger, answer):
    stranger(answer)
    ended = run("doctor")
    assert (ended.code, "Python" in ended.out) == (1, True)
    assert SAID.search(ended.out)


@pytest.mark.parametrize("each", [5, None, {"database": True}, ["database"], [{}], [{"name": "database"}]], ids=str)
def test_doctor_when_the_dependencies_are_none_of_ours_exits_1(run, stranger, each):
    stranger(Played.json({"ready": True, "dependencies": each}))
    ended = run("doctor")
    assert (ended.code, "is not an ImageBatch service" in ended.out) == (1, True)


@pytest.mark.parametrize(
    ("date", "level"),
    [
        ("Thu, 01 Jan 2026 00:00:00 -0000", "behind this machine's"),
        ("Thu, 01 Jan 2026 00:00:00", "behind this machine's"),
        ("Thu, 01 Jan 99999999999 00:00:00 GMT", "does not tell its time"),
        ("yesterday", "does not tell its time"),
    ],
)
def test_doctor_when_the_date_is_an_odd_one_judges_the_clock_all_the_same(run, service, date, level):
    service.answers["GET /readyz"] = Played.json(READY, Date=date)
    service.answers["GET /requests?page_size=1"] = Played.json({"requests": []})
    ended = run("doctor", "-o", "json")
    (clock,) = (each for each in json.loads(ended.out)["findings"] if each["subject"] == "clock")
    assert (ended.code, clock["level"], level in clock["message"]) == (0, "warning", True)
