"""`list` and `images`: filters, pages, and what they print."""

from __future__ import annotations

import json
from typing import Any

from support.played_service import REQUEST_ID, Played, status

IMAGES = f"GET /requests/{REQUEST_ID}/images"


def image(row: int = 0, **changes: object) -> dict[str, Any]:
    url = f"https://a.example/{row}.jpg"
    sizes = {"bytes_in": 2000, "bytes_out": 500, "milliseconds": 12, "attempts": 1}
    found = {"row": row, "position": 0, "status": "Succeeded", "url": url, "code": None, "message": None}
    return {**found, **sizes, **changes}


def listed(name: str, items: list[dict[str, Any]], token: str | None = None) -> Played:
    return Played.json({name: items, "next_page_token": token})


def test_list_when_there_are_batches_prints_a_line_each(run, service):
    service.answers["GET /requests?page_size=20"] = listed("requests", [status(), status("Processing", "Running")])
    ended = run("list")
    header, first, second = ended.out.splitlines()
    assert header.startswith("Request\tStatus\tReason")
    assert first == f"{REQUEST_ID}\tCompleted\tAllSucceeded\t4\t4\t0\t60 %\t2026-01-02T03:04:05Z"
    assert second.split("\t")[1:5] == ["Processing", "Running", "1", "4"]
    assert (ended.code, ended.err) == (0, "")


def test_list_when_refused_prints_the_reason_alone(run, service):
    service.answers["GET /requests?page_size=20"] = Played.json({"detail": "No."}, 401)
    ended = run("list")
    assert (ended.code, ended.out) == (3, "")


def test_list_when_statuses_are_given_asks_for_those(run, service):
    service.answers["GET /requests?status=Failed&status=Pending&page_size=20"] = listed("requests", [])
    assert run("list", "--status", "failed", "--status", "Pending").code == 0


def test_list_when_there_are_more_says_how_to_see_them(run, service):
    service.answers["GET /requests?page_size=1"] = listed("requests", [status()], "t1")
    ended = run("list", "--limit", 1, "-o", "json")
    assert json.loads(ended.out) == [status()]
    assert "--all prints all" in ended.err


def test_list_when_all_are_wanted_follows_the_pages(run, service):
    service.answers["GET /requests?page_size=100"] = listed("requests", [status()] * 100, "t1")
    service.answers["GET /requests?page_size=100&page_token=t1"] = listed("requests", [status()] * 3)
    ended = run("list", "--all")
    assert (len(ended.out.splitlines()), ended.err) == (104, "")


def test_list_when_more_than_a_page_is_wanted_asks_for_the_rest_only(run, service):
    service.answers["GET /requests?page_size=100"] = listed("requests", [status()] * 100, "t1")
    service.answers["GET /requests?page_size=50&page_token=t1"] = listed("requests", [status()] * 50, "t2")
    ended = run("list", "--limit", 150, "-o", "json")
    assert len(json.loads(ended.out)) == 150


def test_images_when_the_batch_ended_prints_them_counted_from_1(run, service):
    failed = image(4, position=1, code="http_404", bytes_in=None, bytes_out=None)
    service.answers[f"{IMAGES}?page_size=100"] = listed("images", [image(), failed])
    header, first, second = run("images", REQUEST_ID).out.splitlines()
    assert header.startswith("Row\tPosition\tResult")
    assert first == "1\t1\tok\t2.0 kB\t500 bytes\t12\t1\thttps://a.example/0.jpg"
    assert second == "5\t2\thttp_404\t\t\t12\t1\thttps://a.example/4.jpg"
    assert len(service.requests) == 1


def test_images_when_json_is_wanted_prints_the_services_answer(run, service):
    service.answers[f"{IMAGES}?page_size=100"] = listed("images", [image(7)])
    assert json.loads(run("images", REQUEST_ID, "-o", "json").out) == [image(7)]


def test_images_when_failed_ones_of_a_code_are_wanted_asks_for_those(run, service):
    service.answers[f"{IMAGES}?status=Failed&code=timeout&page_size=2"] = listed("images", [image(code="timeout")])
    assert run("images", REQUEST_ID, "--failed", "--code", "timeout", "--limit", 2).code == 0


def test_images_when_the_batch_runs_says_when_they_come(run, service):
    service.answers[f"{IMAGES}?page_size=100"] = listed("images", [])
    service.answers[f"GET /status/{REQUEST_ID}"] = Played.json(status("Processing", "Running"))
    ended = run("images", REQUEST_ID)
    assert (ended.code, ended.out) == (1, "")
    assert f"imagebatch watch {REQUEST_ID}" in ended.err


def test_images_when_none_failed_prints_an_empty_list(run, service):
    service.answers[f"{IMAGES}?status=Failed&page_size=100"] = listed("images", [])
    service.answers[f"GET /status/{REQUEST_ID}"] = Played.json(status())
    ended = run("images", REQUEST_ID, "--failed", "-o", "json")
    assert (ended.code, json.loads(ended.out)) == (0, [])
