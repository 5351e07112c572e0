"""The API key: where it comes from, whom it is sent to, what is said when it is not good, and that it never shows."""

from __future__ import annotations

import pytest
from support.played_service import REQUEST_ID, Played, status

PATH = f"GET /status/{REQUEST_ID}"
KEY = "ib_0123456789abcdef"
REFUSED = Played.json({"code": "unauthorized", "detail": "An API key is needed."}, 401)


@pytest.fixture(autouse=True)
def _answers(service):
    service.answers[PATH] = Played.json(status())


def sent(service) -> list[str | None]:
    return [request.headers.get("Authorization") for request in service.requests]


def test_api_key_when_an_option_goes_before_the_environment(run, service, monkeypatch):
    monkeypatch.setenv("IMAGEBATCH_API_KEY", "ib_other")
    assert run("status", REQUEST_ID, "--api-key", KEY).code == 0
    assert sent(service) == [f"Bearer {KEY}"]


def test_api_key_when_in_the_environment_is_sent(run, service, monkeypatch, tmp_path):
    monkeypatch.setenv("IMAGEBATCH_API_KEY", KEY)
    monkeypatch.setenv("IMAGEBATCH_API_KEY_FILE", str(tmp_path / "none"))
    assert run("status", REQUEST_ID).code == 0
    assert sent(service) == [f"Bearer {KEY}"]


def test_api_key_when_in_a_file_is_sent_without_its_line_end(run, service, monkeypatch, tmp_path):
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    monkeypatch.setenv("IMAGEBATCH_API_KEY_FILE", str(file))
    assert run("status", REQUEST_ID).code == 0
    assert sent(service) == [f"Bearer {KEY}"]


def test_api_key_when_none_is_given_sends_no_header(run, service):
    assert run("status", REQUEST_ID).code == 0
    assert sent(service) == [None]


@pytest.mark.parametrize("content", [None, b"\xff", b"two\nlines", b""])
def test_api_key_when_its_file_holds_none_exits_2_without_showing_it(run, service, monkeypatch, tmp_path, content):
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("IMAGEBATCH_API_KEY_FILE", str(file))
    ended = run("status", REQUEST_ID)
    assert (ended.code, service.requests) == (2, [])
    assert "two" not in ended.err


def test_api_key_when_it_cannot_be_one_is_not_shown(run, service):
    ended = run("status", REQUEST_ID, "--api-key", f"{KEY}\r\nX: y")
    assert (ended.code, service.requests) == (2, [])
    assert KEY not in ended.out + ended.err


def test_status_when_a_key_is_wanted_and_none_was_sent_says_where_to_give_one(run, service):
    service.answers[PATH] = REFUSED
    ended = run("status", REQUEST_ID)
    assert ended.code == 3
    assert "The service wants an API key." in ended.err
    assert "IMAGEBATCH_API_KEY_FILE" in ended.err


def test_status_when_the_key_is_not_known_says_so_without_showing_it(run, service):
    service.answers[PATH] = REFUSED
    ended = run("status", REQUEST_ID, "--api-key", KEY)
    assert ended.code == 3
    assert "does not know the API key" in ended.err
    assert KEY not in ended.out + ended.err


def test_results_when_a_link_leads_elsewhere_sends_no_key_there(run, service):
    service.answers[PATH] = Played.json(status(result_url="http://cdn.example/out.csv"))
    service.answers["GET /out.csv"] = Played(b"csv")
    assert run("results", REQUEST_ID, "--api-key", KEY).out == "csv"
    assert sent(service) == [f"Bearer {KEY}", None]


def test_status_when_the_home_folder_has_a_netrc_sends_the_key(run, service, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert run("status", REQUEST_ID, "--api-key", KEY).code == 0
    assert sent(service) == [f"Bearer {KEY}"]
