"""`webhook attempts` and `webhook redeliver`: where a webhook stands, and that it is not sent twice by accident."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from support.played_service import REQUEST_ID, Played

PATH = f"/requests/{REQUEST_ID}/webhook"
TRIED = {"number": 1, "started_at": "2026-01-02T03:04:05Z", "milliseconds": 85, "http_status": 500, "error": None}
LOST = {"number": 2, "started_at": "2026-01-02T03:04:10Z", "milliseconds": 15, "http_status": None, "error": "timeout"}


def webhook(state: str, *attempts: dict[str, Any], **changes: object) -> dict[str, Any]:
    names = {"request_id": REQUEST_ID, "webhook_id": f"msg_{REQUEST_ID}", "url": "https://shop.example/hook"}
    return {**names, "state": state, "due_at": None, "attempts": list(attempts), **changes}


def test_attempts_when_there_were_some_prints_each(run, service):
    pending = webhook("Pending", TRIED, LOST, due_at="2026-01-02T03:09:10Z")
    service.answers[f"GET {PATH}"] = Played.json(pending)
    ended = run("webhook", "attempts", REQUEST_ID)
    lines = ended.out.splitlines()
    assert (ended.code, "due      2026-01-02T03:09:10Z" in lines) == (0, True)
    assert lines[-2:] == ["1\t2026-01-02T03:04:05Z\t85\t500\t", "2\t2026-01-02T03:04:10Z\t15\t\ttimeout"]
    assert json.loads(run("webhook", "attempts", REQUEST_ID, "-o", "json").out) == pending


def test_attempts_when_there_is_no_receiver_says_so(run, service):
    service.answers[f"GET {PATH}"] = Played.json(webhook("None", webhook_id=None, url=None))
    ended = run("webhook", "attempts", REQUEST_ID)
    assert ended.code == 0
    assert ended.out.splitlines() == [f"request  {REQUEST_ID}", "state    None: there is no receiver"]


def test_redeliver_when_accepted_prints_where_it_stands(run, service):
    service.answers[f"POST {PATH}/redeliver"] = Played.json(webhook("Pending", TRIED), 202)
    ended = run("webhook", "redeliver", REQUEST_ID)
    assert ended.code == 0
    assert "Pending: it will be sent" in ended.out


def test_redeliver_when_there_is_nothing_to_send_exits_3(run, service):
    service.answers[f"POST {PATH}/redeliver"] = Played.json({"code": "no_webhook", "detail": "There is none."}, 409)
    assert run("webhook", "redeliver", REQUEST_ID).code == 3


@pytest.mark.parametrize("trouble", [requests.ConnectionError("reset"), Played(b"", 504)])
def test_redeliver_when_it_may_have_been_received_is_not_sent_again(run, service, trouble):
    service.answers[f"POST {PATH}/redeliver"] = trouble
    assert (run("webhook", "redeliver", REQUEST_ID).code, len(service.requests)) == (4, 1)
