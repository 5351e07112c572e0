"""`status`, `watch` and `errors`: what they print, how they wait, and how they end."""

from __future__ import annotations

import json

import pytest
import requests
from support.played_service import REQUEST_ID, Played, status

PATH = f"GET /status/{REQUEST_ID}"
ERRORS = f"GET /results/{REQUEST_ID}/errors.csv?t=x"
ERRORS_CSV = (
    "\ufeffS. No.;Product Name;Position;Input Image Url;Code;Message\r\n1;Chair;2;https://a.example/x;http_404;gone\r\n"
)


def test_status_when_it_failed_exits_0_with_the_facts(run, service):
    service.answers[PATH] = Played.json(status("Failed", "NothingSucceeded"))
    ended = run("status", REQUEST_ID)
    assert ended.code == 0
    assert "status     Failed (NothingSucceeded)" in ended.out
    assert "1.0 kB to 400 bytes, 60 % saved" in ended.out
    assert "\x1b" not in ended.out + ended.err


def test_status_when_unknown_exits_3_with_the_services_words(run, service):
    service.answers[PATH] = Played.json({"code": "not_found", "detail": "There is no such request."}, 404)
    ended = run("status", REQUEST_ID)
    assert (ended.code, ended.err) == (3, "imagebatch: There is no such request.\n")


def test_status_when_the_id_holds_a_slash_stays_one_part_of_the_path(run, service):
    service.answers["GET /status/..%2Freadyz"] = Played.json({"detail": "There is no such request."}, 404)
    assert run("status", "../readyz").code == 3


def test_status_when_nothing_listens_says_how_to_start_it_at_once(run, service):
    service.answers[PATH] = requests.ConnectionError("refused")
    ended = run("status", REQUEST_ID)
    assert (ended.code, service.waits) == (4, [])
    first, second = ended.err.splitlines()
    assert first == "imagebatch: No service answers at http://127.0.0.1:8000."
    assert "imagebatch dev" in second


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"hello": "world"}'])
def test_status_when_something_else_answers_says_so(run, service, body):
    service.answers[PATH] = Played(body)
    ended = run("status", REQUEST_ID)
    assert ended.code == 4
    assert "is not an ImageBatch service" in ended.err


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://host", "http://", "http://host:x"])
def test_status_when_the_url_is_none_exits_2(run, service, url):
    assert run("status", REQUEST_ID, "--url", url).code == 2


def test_status_when_the_environment_names_a_service_asks_there(run, service, monkeypatch):
    monkeypatch.setenv("IMAGEBATCH_URL", "http://images.example/")
    service.answers[PATH] = Played.json(status())
    assert run("status", REQUEST_ID).code == 0
    assert service.requests[0].url == f"http://images.example/status/{REQUEST_ID}"


def test_watch_when_unfinished_waits_as_long_as_the_service_asks(run, service):
    running = status("Processing", "Running")
    answers = [Played.json(running, Retry_After="3"), Played.json(running), Played.json(status())]
    service.answers[PATH] = answers
    ended = run("watch", REQUEST_ID)
    assert (ended.code, service.waits) == (0, [3.0, 1.0])
    assert ended.err.splitlines() == [
        "Processing (Running): 1 succeeded, 0 failed, 1 of 4 done",
        "Completed (AllSucceeded): 4 succeeded, 0 failed, 4 of 4 done",
    ]


def test_watch_when_the_service_falls_silent_waits_with_growing_pauses(run, service):
    gone = requests.ConnectionError("refused")
    service.answers[PATH] = [Played.json(status("Pending", "Queued")), gone, gone, gone, Played.json(status())]
    ended = run("watch", REQUEST_ID)
    assert (ended.code, service.waits) == (0, [1.0, 0.5, 1.0, 2.0])


def test_watch_when_the_service_stays_silent_gives_up_after_a_minute(run, service):
    service.answers[PATH] = [Played.json(status("Pending", "Queued")), requests.ConnectionError("refused")]
    ended = run("watch", REQUEST_ID)
    assert ended.code == 4
    assert 45 < sum(service.waits) <= 61


def test_watch_when_interrupted_leaves_the_batch_and_says_how_to_go_on(run, service):
    def interrupt():
        raise KeyboardInterrupt

    service.on_wait = interrupt
    service.answers[PATH] = Played.json(status("Processing", "Running"))
    ended = run("watch", REQUEST_ID)
    assert ended.code == 130
    assert f"imagebatch watch {REQUEST_ID} --url http://127.0.0.1:8000" in ended.err
    assert [request.method for request in service.requests] == ["GET"]


def test_errors_when_some_failed_prints_them(run, service):
    service.answers[PATH], service.answers[ERRORS] = Played.json(status()), Played(ERRORS_CSV.encode())
    ended = run("errors", REQUEST_ID)
    assert ended.out.splitlines()[1] == "1\tChair\t2\thttps://a.example/x\thttp_404\tgone"
    (told,) = json.loads(run("errors", REQUEST_ID, "-o", "json").out)
    assert (told["s_no"], told["code"], told["input_image_url"]) == ("1", "http_404", "https://a.example/x")


def test_errors_when_none_failed_says_so(run, service):
    service.answers[PATH] = Played.json(status())
    service.answers[ERRORS] = Played(ERRORS_CSV.splitlines(keepends=True)[0].encode())
    ended = run("errors", REQUEST_ID)
    assert (ended.code, ended.out, ended.err) == (0, "", "No image failed.\n")


def test_errors_when_the_batch_runs_says_when_they_come(run, service):
    service.answers[PATH] = Played.json(status("Processing", "Running"))
    ended = run("errors", REQUEST_ID)
    assert ended.code == 1
    assert f"imagebatch watch {REQUEST_ID}" in ended.err
