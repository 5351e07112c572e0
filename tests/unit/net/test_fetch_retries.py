"""When a fetch is tried again, and how long it waits, with the socket layer and the clock replaced."""

import io
import socket

import pytest

from imagebatch.net.failures import FetchRejected
from imagebatch.net.messages import FetchLimits

PUBLIC = "93.184.216.34"
URL = f"http://{PUBLIC}/a.jpg"
LIMITS = FetchLimits(attempts=3, backoff_seconds=0.5)


def rejection(http, url: str = URL, limits: FetchLimits = LIMITS) -> tuple[str, int]:
    with pytest.raises(FetchRejected) as rejected:
        http.get(url, limits=limits, into=io.BytesIO())
    return rejected.value.code, rejected.value.attempts


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_get_when_status_is_transient_then_tried_again_with_growing_pauses(
    network, http, clock, answer, status
) -> None:
    network.answers = {PUBLIC: [answer(status), answer(status), answer(200, b"ok")]}
    assert http.get(URL, limits=LIMITS, into=io.BytesIO()).attempts == 3
    assert clock.pauses == [0.25, 0.5]


@pytest.mark.parametrize("status", [300, 304, 400, 401, 403, 404, 410, 416, 451, 999])
def test_get_when_status_is_final_then_rejected_at_once(network, http, clock, answer, status) -> None:
    network.answers = {PUBLIC: [answer(status), answer(200)]}
    assert rejection(http) == (f"http_{status}", 1)
    assert clock.pauses == []


def test_get_when_every_attempt_fails_then_last_status_is_told(network, http, answer) -> None:
    network.answers = {PUBLIC: [answer(500), answer(500), answer(503)]}
    assert rejection(http) == ("http_503", 3)


def test_get_when_connection_is_refused_then_tried_again(network, http) -> None:
    assert rejection(http) == ("connect_failed", 3)
    assert network.connects == [(PUBLIC, 80)] * 3


def test_get_when_connection_closes_before_an_answer_then_tried_again(network, http, answer) -> None:
    network.answers = {PUBLIC: [b"", answer(200, b"ok")]}
    assert http.get(URL, limits=LIMITS, into=io.BytesIO()).attempts == 2


def test_get_when_name_is_unknown_then_not_tried_again(network, http) -> None:
    assert rejection(http, "http://unknown.example/") == ("dns_failure", 1)


def test_get_when_name_server_is_away_then_tried_again(network, http, monkeypatch) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", away)
    assert rejection(http, "http://unknown.example/") == ("dns_failure", 3)


def test_get_when_retry_after_is_given_then_it_is_obeyed(network, http, clock, answer) -> None:
    network.answers = {PUBLIC: [answer(429, Retry_After="4"), answer(200)]}
    http.get(URL, limits=LIMITS, into=io.BytesIO())
    assert clock.pauses == [4.0]


@pytest.mark.parametrize("wish", ["0", "-3", "soon", "1e3", ""])
def test_get_when_retry_after_makes_no_sense_then_back_off_holds(network, http, clock, answer, wish) -> None:
    network.answers = {PUBLIC: [answer(503, Retry_After=wish), answer(200)]}
    http.get(URL, limits=LIMITS, into=io.BytesIO())
    assert clock.pauses == [0.25]


@pytest.mark.parametrize("wish", ["11", "999999999999999999", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_get_when_retry_after_is_over_the_cap_then_given_up(network, http, clock, answer, wish) -> None:
    network.answers = {PUBLIC: [answer(429, Retry_After=wish), answer(200)]}
    assert rejection(http) == ("http_429", 1)
    assert clock.pauses == []


def test_get_when_pause_would_pass_the_deadline_then_given_up(network, http, clock, answer) -> None:
    network.answers = {PUBLIC: [answer(503, Retry_After="9"), answer(503, Retry_After="9"), answer(200)]}
    assert rejection(http, limits=FetchLimits(deadline_seconds=15)) == ("http_503", 2)
    assert clock.pauses == [9.0]
