"""`cancel`, `suspend`, `resume`, `retry` and `delete`: what they send, what they print, and how they end."""

from __future__ import annotations

import json

import pytest
import requests
from support.played_service import REQUEST_ID, Played, status

OTHER = "0f0f0f0f-5d0a-4c55-9d0e-3d9b7e1f6a11"
CANCEL = f"POST /requests/{REQUEST_ID}/cancel"
RETRY = f"POST /requests/{REQUEST_ID}/retry"
NOT_FINAL = Played.json({"code": "not_final", "detail": "The request has not ended."}, 409)


def test_cancel_when_the_batch_runs_prints_how_it_stands(run, service):
    service.answers[CANCEL] = Played.json(status("Processing", "Cancelling"))
    ended = run("cancel", REQUEST_ID)
    assert ended.code == 0
    assert "Processing (Cancelling)" in ended.out


def test_cancel_when_watched_to_its_cancelled_end_exits_0(run, service):
    service.answers[CANCEL] = Played.json(status("Processing", "Cancelling"))
    cancelled = status("Failed", "Cancelled")
    service.answers[f"GET /status/{REQUEST_ID}"] = Played.json(cancelled)
    ended = run("cancel", REQUEST_ID, "--watch", "-o", "json")
    assert (ended.code, json.loads(ended.out)) == (0, cancelled)


def test_cancel_when_the_batch_fails_otherwise_exits_1(run, service):
    service.answers[CANCEL] = Played.json(status("Processing", "Cancelling"))
    service.answers[f"GET /status/{REQUEST_ID}"] = Played.json(status("Failed", "DeadlineExceeded"))
    assert run("cancel", REQUEST_ID, "-w").code == 1


def test_cancel_when_the_batch_has_ended_exits_3(run, service):
    service.answers[CANCEL] = Played.json({"code": "already_final", "detail": "The request has ended."}, 409)
    ended = run("cancel", REQUEST_ID)
    assert (ended.code, ended.err) == (3, "imagebatch: The request has ended.\n")


@pytest.mark.parametrize(("word", "reason"), [("suspend", "Suspended"), ("resume", "Running")])
def test_suspend_and_resume_when_the_batch_runs_print_how_it_stands(run, service, word, reason):
    service.answers[f"POST /requests/{REQUEST_ID}/{word}"] = Played.json(status("Processing", reason))
    ended = run(word, REQUEST_ID)
    assert ended.code == 0
    assert f"Processing ({reason})" in ended.out


@pytest.mark.parametrize("word", ["suspend", "resume"])
def test_suspend_and_resume_when_the_batch_has_ended_exit_3(run, service, word):
    refusal = {"code": "already_final", "detail": "The request has ended."}
    service.answers[f"POST /requests/{REQUEST_ID}/{word}"] = Played.json(refusal, 409)
    ended = run(word, REQUEST_ID)
    assert (ended.code, ended.out, ended.err) == (3, "", "imagebatch: The request has ended.\n")


@pytest.mark.parametrize(("end", "code"), [(("Completed", "AllSucceeded"), 0), (("Failed", "NothingSucceeded"), 1)])
def test_resume_when_watched_follows_the_batch_to_its_end(run, service, end, code):
    service.answers[f"POST /requests/{REQUEST_ID}/resume"] = Played.json(status("Processing", "Running"))
    service.answers[f"GET /status/{REQUEST_ID}"] = Played.json(status(*end))
    ended = run("resume", REQUEST_ID, "--watch", "-o", "json")
    assert (ended.code, json.loads(ended.out)) == (code, status(*end))


def test_suspend_when_the_cluster_refuses_exits_4_and_is_not_sent_again(run, service):
    refusal = {"code": "cluster_refused", "detail": "The cluster does not let the service do it."}
    service.answers[f"POST /requests/{REQUEST_ID}/suspend"] = Played.json(refusal, 502)
    ended = run("suspend", REQUEST_ID)
    assert (ended.code, len(service.requests)) == (4, 1)
    assert "The cluster does not let the service do it." in ended.err


def test_retry_when_accepted_prints_the_new_id_alone(run, service):
    service.answers[RETRY] = Played.json({"request_id": OTHER})
    ended = run("retry", REQUEST_ID)
    assert (ended.code, ended.out) == (0, f"{OTHER}\n")
    assert f"imagebatch watch {OTHER}" in ended.err


def test_retry_when_watched_follows_the_new_batch(run, service):
    service.answers[RETRY] = Played.json({"request_id": OTHER})
    service.answers[f"GET /status/{OTHER}"] = Played.json(status(request_id=OTHER, retry_of=REQUEST_ID))
    ended = run("retry", REQUEST_ID, "--watch")
    assert ended.code == 0
    assert f"retry of   {REQUEST_ID}" in ended.out


def test_delete_when_nobody_can_be_asked_wants_yes(run, service, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    ended = run("delete", REQUEST_ID)
    assert (ended.code, service.requests) == (2, [])
    assert "--yes" in ended.err


@pytest.mark.parametrize(("answer", "code", "sent"), [("y", 0, 1), ("n", 1, 0)])
def test_delete_when_on_a_terminal_asks_first(run, service, monkeypatch, answer, code, sent):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: answer == "y")
    service.answers[f"DELETE /requests/{REQUEST_ID}"] = Played(b"", 204)
    ended = run("delete", REQUEST_ID)
    assert (ended.code, len(service.requests)) == (code, sent)


def test_delete_when_one_of_several_is_refused_deletes_the_others(run, service):
    service.answers[f"DELETE /requests/{REQUEST_ID}"] = NOT_FINAL
    service.answers[f"DELETE /requests/{OTHER}"] = Played(b"", 204)
    ended = run("delete", "--yes", REQUEST_ID, OTHER)
    assert (ended.code, ended.out) == (3, f"{OTHER}\n")
    assert ended.err == f"imagebatch: {REQUEST_ID}: The request has not ended.\n"


def test_delete_when_json_is_wanted_prints_what_became_of_each(run, service):
    service.answers[f"DELETE /requests/{REQUEST_ID}"] = NOT_FINAL
    service.answers[f"DELETE /requests/{OTHER}"] = Played(b"", 204)
    said = json.loads(run("delete", "-y", OTHER, REQUEST_ID, OTHER, "-o", "json").out)
    refused = [{"request_id": REQUEST_ID, "code": "not_final", "message": "The request has not ended."}]
    assert said == {"deleted": [OTHER], "refused": refused}


def test_delete_when_the_service_falls_silent_names_the_batch(run, service):
    service.answers[f"DELETE /requests/{REQUEST_ID}"] = requests.ConnectionError("refused")
    ended = run("delete", "-y", REQUEST_ID, OTHER)
    assert (ended.code, len(service.requests)) == (4, 1)
    assert f"{REQUEST_ID} may not be deleted" in ended.err
