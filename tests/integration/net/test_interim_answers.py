"""Answers of 1xx that nobody asked for come before the one that counts: passed over, within bounds."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from imagebatch.net.failures import FetchRejected
from imagebatch.net.messages import FetchLimits
from imagebatch.net.session import MOST_INTERIM_ANSWERS

HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
ONCE = FetchLimits(attempts=1)


def after(interim: bytes, reply):
    """Answer with `reply` after other heads, in one piece of TCP or more."""

    def send(conversation) -> None:
        conversation.sendall(interim)
        reply(conversation)

    return send


def refusal(http, url: str, limits: FetchLimits = ONCE) -> FetchRejected:
    with pytest.raises(FetchRejected) as rejected:
        http.get(url, limits=limits, into=io.BytesIO())
    return rejected.value


@pytest.mark.parametrize("interim", [HINTS, PROCESSING, CONTINUE + HINTS + HINTS, HINTS * MOST_INTERIM_ANSWERS])
def test_get_when_interim_answers_come_first_then_the_final_one_counts(http, new_server, reply, interim) -> None:
    server = new_server(after(interim, reply(200, b"picture", Content_Type="image/jpeg")))
    for _ in range(2):
        into = io.BytesIO()
        fetched = http.get(server.url, limits=ONCE, into=into)
        assert (fetched.status, fetched.content_type, into.getvalue()) == (200, "image/jpeg", b"picture")
    assert server.connections == 1


def test_get_when_hints_come_before_a_refusal_then_its_status_is_told(http, new_server, reply) -> None:
    assert refusal(http, new_server(after(HINTS, reply(404))).url).code == "http_404"


def test_get_when_hints_come_before_a_redirect_then_it_is_followed(http, new_server, reply) -> None:
    server = new_server(after(HINTS, reply(302, Location="/b")), after(HINTS, reply(200, b"ok")))
    assert http.get(server.url, limits=ONCE, into=io.BytesIO()).final_url == f"{server.url}/b"


def test_get_when_interim_answers_are_too_many_then_connect_failed(http, new_server, reply) -> None:
    server = new_server(after(HINTS * (MOST_INTERIM_ANSWERS + 1), reply(200, b"ok")))
    failure = refusal(http, server.url)
    assert failure.code == "connect_failed"
    assert f"more than {MOST_INTERIM_ANSWERS} answers of 1xx" in failure.message


def test_get_when_nothing_follows_the_hints_then_cut_at_the_deadline(http, new_server) -> None:
    server = new_server(lambda conversation: conversation.sendall(HINTS))
    assert refusal(http, server.url, replace(ONCE, deadline_seconds=0.5)).code == "timeout"


def test_get_when_the_server_changes_the_protocol_then_that_is_its_answer(http, new_server) -> None:
    server = new_server(lambda conversation: conversation.sendall(b"HTTP/1.1 101 X\r\nUpgrade: h2c\r\n\r\n"))
    assert refusal(http, server.url).code == "http_101"


def test_post_when_hints_come_first_then_the_final_answer_is_told(http, new_server, reply) -> None:
    assert http.post(new_server(after(HINTS, reply(204))).url, b"{}", {}, 5.0).status == 204
