"""`submit` sends its file again under one Idempotency-Key, within limits, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from support.played_service import REQUEST_ID, Played

CSV = b"S. No.,Product Name,Input Image Urls\r\n1,Chair,https://shop.example/a.jpg\r\n"
ACCEPTED = Played.json({"request_id": REQUEST_ID})
IN_USE = Played.json({"code": "idempotency_key_in_use", "detail": "It is under way."}, 409)
REUSED = Played.json({"code": "idempotency_key_reused", "detail": "It was another upload."}, 422)
BROKEN = requests.ConnectionError("reset")


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    file = tmp_path / "products.csv"
    file.write_bytes(CSV)
    return file


def keys(service) -> list[str]:
    return [str(request.headers["Idempotency-Key"]) for request in service.requests]


def test_submit_when_the_service_is_not_ready_waits_as_long_as_it_asks(run, service, csv):
    busy = Played.json({"detail": "The database does not answer; nothing was accepted."}, 503, Retry_After="5")
    service.answers["POST /upload"] = [busy, busy, ACCEPTED]
    ended = run("submit", csv)
    assert (ended.code, service.waits) == (0, [5.0, 5.0])
    assert "The database does not answer" in ended.err


@pytest.mark.parametrize(
    "trouble", [BROKEN, requests.ReadTimeout(), Played(b"<html>", 502), Played(b"", 504), IN_USE], ids=str
)
def test_submit_when_it_may_have_been_received_is_sent_again_under_the_same_key(run, service, csv, trouble):
    service.answers["POST /upload"] = [trouble, trouble, ACCEPTED]
    ended = run("submit", csv)
    assert (ended.code, ended.out, service.waits) == (0, f"{REQUEST_ID}\n", [0.5, 1.0])
    assert len(keys(service)) == 3
    assert len(set(keys(service))) == 1
    assert ended.err.count("Asking again") == 2
    assert {request.body for request in service.requests} == {CSV}


def test_submit_when_run_twice_has_a_new_key_each_time(run, service, csv):
    service.answers["POST /upload"] = ACCEPTED
    run("submit", csv)
    run("submit", csv)
    assert len(set(keys(service))) == 2


def test_submit_when_a_key_is_given_sends_that(run, service, csv):
    service.answers["POST /upload"] = ACCEPTED
    assert run("submit", csv, "--idempotency-key", "order-17").code == 0
    assert keys(service) == ["order-17"]


@pytest.mark.parametrize("key", ["", "two words", "ü", "x" * 256])
def test_submit_when_the_key_is_none_exits_2_and_sends_nothing(run, service, csv, key):
    assert run("submit", csv, "--idempotency-key", key).code == 2
    assert service.requests == []


def test_submit_when_the_key_named_another_upload_exits_3(run, service, csv):
    service.answers["POST /upload"] = REUSED
    ended = run("submit", csv, "--idempotency-key", "order-17")
    assert (ended.code, len(service.requests)) == (3, 1)
    assert "It was another upload." in ended.err


def test_submit_when_nobody_ever_answers_gives_up_and_names_the_key(run, service, csv):
    service.answers["POST /upload"] = BROKEN
    ended = run("submit", csv)
    assert ended.code == 4
    assert 45 < sum(service.waits) <= 60
    assert "imagebatch dev" in ended.err.splitlines()[0]
    assert f"With --idempotency-key {keys(service)[0]} it can be sent again" in ended.err


def test_submit_when_the_certificate_is_bad_is_not_sent_again(run, service, csv):
    service.answers["POST /upload"] = requests.exceptions.SSLError("self-signed")
    ended = run("submit", csv)
    assert (ended.code, len(service.requests)) == (4, 1)
    assert "is its certificate trusted here?" in ended.err


def test_submit_when_interrupted_says_how_to_send_it_once(run, service, csv):
    def interrupt():
        raise KeyboardInterrupt

    service.on_wait = interrupt
    service.answers["POST /upload"] = BROKEN
    ended = run("submit", csv)
    assert ended.code == 130
    assert f"--idempotency-key {keys(service)[0]}" in ended.err


def test_validate_when_nobody_answers_gives_up_at_once(run, service, csv):
    service.answers["POST /upload?dry_run=true"] = BROKEN
    assert (run("validate", csv).code, service.waits) == (4, [])
    assert "Idempotency-Key" not in service.requests[0].headers
