"""`submit` sends what was given, prints the request id, and leaves with the batch's exit code."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from support.played_service import REQUEST_ID, Played, status

CSV = b"S. No.,Product Name,Input Image Urls\r\n1,Chair,https://shop.example/a.jpg\r\n"
PROBLEM = {
    "type": "about:blank",
    "status": 400,
    "code": "invalid_csv",
    "detail": "The CSV has 2 errors.",
    "errors": [
        {"code": "bad_serial_number", "message": "The serial number 'x' is none.", "line": 2, "column": "S. No."},
        {"code": "no_rows", "message": "Something \x1b[31mred.", "line": None, "column": None},
    ],
}


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    file = tmp_path / "products.csv"
    file.write_bytes(CSV)
    return file


@pytest.fixture(autouse=True)
def _accepts(service):
    service.answers["POST /upload"] = Played.json({"request_id": REQUEST_ID})
    service.answers[f"GET /status/{REQUEST_ID}"] = Played.json(status())


def test_submit_when_accepted_prints_the_id_alone(run, service, csv):
    ended = run("submit", csv)
    assert (ended.code, ended.out) == (0, f"{REQUEST_ID}\n")
    assert f"imagebatch watch {REQUEST_ID}" in ended.err
    assert service.requests[0].body == CSV


def test_submit_when_options_are_given_sends_those_and_no_others(run, service, csv):
    url = "/upload?webhook_url=https%3A%2F%2Fshop.example%2Fhook&format=WebP&quality=40&never_larger=false"
    service.answers[f"POST {url}"] = Played.json({"request_id": REQUEST_ID})
    options = ["--format", "webp", "--quality", 40, "--no-never-larger", "--webhook-url", "https://shop.example/hook"]
    assert run("submit", csv, *options).code == 0
    sent = parse_qs(urlsplit(service.requests[0].path_url).query)
    assert sent == {
        "webhook_url": ["https://shop.example/hook"],
        "format": ["WebP"],
        "quality": ["40"],
        "never_larger": ["false"],
    }


def test_submit_when_json_is_wanted_prints_one_document(run, csv):
    assert json.loads(run("submit", csv, "-o", "json").out) == {"request_id": REQUEST_ID}
    assert json.loads(run("submit", csv, "--watch", "-o", "json").out) == status()


def test_submit_when_watched_to_a_failed_end_exits_1(run, service, csv):
    failed = status("Failed", "NothingSucceeded")
    service.answers[f"GET /status/{REQUEST_ID}"] = Played.json(failed)
    ended = run("submit", csv, "--watch")
    assert ended.code == 1
    assert "Failed (NothingSucceeded)" in ended.out


def test_submit_when_refused_lists_every_violation_and_exits_3(run, service, csv):
    service.answers["POST /upload"] = Played.json(PROBLEM, 400)
    ended = run("submit", csv)
    assert ended.code == 3
    header, first, second = ended.out.splitlines()
    assert header == "Line\tColumn\tCode\tWhat is wrong"
    assert first == "2\tS. No.\tbad_serial_number\tThe serial number 'x' is none."
    assert second == "\t\tno_rows\tSomething \\x1b[31mred."
    assert "The CSV has 2 errors." in ended.err


def test_submit_when_refused_and_json_is_wanted_prints_the_problem(run, service, csv):
    service.answers["POST /upload"] = Played.json(PROBLEM, 400)
    ended = run("submit", csv, "-o", "json")
    assert (ended.code, json.loads(ended.out)) == (3, PROBLEM)


def test_submit_when_the_file_is_not_there_exits_2_and_sends_nothing(run, service, tmp_path):
    ended = run("submit", tmp_path / "none.csv")
    assert ended.code == 2
    assert "none.csv cannot be read: No such file" in ended.err
    assert service.requests == []


def test_submit_when_an_option_is_out_of_range_exits_2(run, csv):
    assert run("submit", csv, "--quality", "101").code == 2


def test_validate_when_valid_prints_counts_and_plan(run, service, csv):
    plan = {"dry_run": True, "rows": 1, "slots": 3, "images": 2}
    plan["plan"] = {"shards": 1, "images_per_shard": 2, "parallelism": 4}
    service.answers["POST /upload?dry_run=true"] = Played.json(plan)
    ended = run("validate", csv)
    assert ended.code == 0
    assert "distinct images  2" in ended.out
    assert "1 of up to 2 images, 4 at once" in ended.out
    assert json.loads(run("validate", csv, "-o", "json").out) == plan


def test_validate_when_invalid_exits_3(run, service, csv):
    service.answers["POST /upload?dry_run=true"] = Played.json(PROBLEM, 400)
    assert run("validate", csv).code == 3
