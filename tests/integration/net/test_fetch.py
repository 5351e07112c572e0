"""Fetching from a real server on the loopback."""

import io
import threading

import pytest

from imagebatch.net.failures import FetchRejected
from imagebatch.net.messages import Fetched, FetchLimits

QUICK = FetchLimits(backoff_seconds=0.01)


def fetch(http, url: str, limits: FetchLimits = QUICK) -> tuple[Fetched, bytes]:
    into = io.BytesIO()
    return http.get(url, limits=limits, into=into), into.getvalue()


def code_of(http, url: str, limits: FetchLimits = QUICK) -> str:
    with pytest.raises(FetchRejected) as rejected:
        fetch(http, url, limits)
    return rejected.value.code


def test_get_when_answer_is_good_then_bytes_arrive(http, new_server, reply) -> None:
    body = bytes(range(256)) * 4096
    server = new_server(reply(200, body, Content_Type="image/jpeg"))
    fetched, got = fetch(http, server.url + "/a.jpg")
    assert got == body
    assert fetched == Fetched(200, len(body), "image/jpeg", server.url + "/a.jpg", 1)


def test_get_when_repeated_then_one_connection_serves_errors_and_redirects_too(http, new_server, reply) -> None:
    server = new_server(
        reply(200, b"a" * 70_000), reply(404, b"none"), reply(302, b"moved", Location="/b"), reply(200, b"b")
    )
    assert fetch(http, server.url)[1] == b"a" * 70_000
    assert code_of(http, server.url) == "http_404"
    assert fetch(http, server.url)[1] == b"b"
    assert server.connections == 1


def test_get_when_server_fails_once_then_second_attempt_succeeds(http, new_server, reply) -> None:
    server = new_server(reply(500), reply(429, Retry_After="0"), reply(200, b"ok"))
    fetched, got = fetch(http, server.url)
    assert (fetched.attempts, got) == (3, b"ok")


def test_get_when_kept_connection_was_closed_by_the_server_then_a_new_one_is_made(http, new_server, reply) -> None:
    server = new_server(reply(200, b"one", close=True), reply(200, b"two"))
    assert fetch(http, server.url)[1] == b"one"
    assert fetch(http, server.url)[1] == b"two"


def test_get_when_a_redirect_is_as_long_as_signed_links_are_then_followed(http, new_server, reply) -> None:
    server = new_server(reply(302, Location="/signed?token=" + "x" * 4_000), reply(200, b"ok"))
    assert fetch(http, server.url)[1] == b"ok"


def test_get_when_redirects_are_five_then_followed_and_when_six_then_refused(http, new_server, reply) -> None:
    hop = reply(302, Location="/next")
    five = new_server(*[hop] * 5, reply(200, b"ok"))
    assert fetch(http, five.url)[1] == b"ok"
    loop = new_server(hop)
    assert code_of(http, loop.url) == "too_many_redirects"
    assert len(loop.requests) == 6


def test_get_when_redirected_to_a_port_not_allowed_then_listener_sees_nothing(new_http, new_server, reply) -> None:
    hidden = new_server(reply(200, b"secret"))
    server = new_server(reply(302, Location=hidden.url + "/admin"))
    http = new_http(f"127.0.0.1/32:{server.port}")
    assert code_of(http, server.url) == "blocked_address"
    assert (hidden.connections, len(server.requests)) == (0, 1)


# Only forms that end on the loopback even through a hole; tests/unit/net has the others, without sockets.
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "2130706433", "0x7f000001", "0177.0.0.1", "127.1",
     "１２７.0.0.1", "localhost", "127.0.0.1.", "0.0.0.0", "[::1]"],
)  # fmt: skip
def test_get_when_loopback_is_not_allowed_then_listener_sees_nothing(new_http, new_server, reply, host) -> None:
    server = new_server(reply(200, b"secret"))
    http = new_http("")
    assert code_of(http, f"http://{host}:{server.port}/") == "blocked_address"
    with pytest.raises(Exception, match=r"blocked|reached|numeric"):
        http.post(f"http://{host}:{server.port}/", b"", {}, 2.0)
    assert server.connections == 0


def test_get_when_nothing_listens_then_connect_failed(http, new_server, reply) -> None:
    server = new_server(reply(200))
    server.close()
    assert code_of(http, server.url) == "connect_failed"


def test_get_when_many_threads_share_a_client_then_all_succeed_within_the_cap(new_http, new_server, reply) -> None:
    server = new_server(reply(200, b"x" * 100_000))
    http, got = new_http(per_host=4), []

    def work() -> None:
        got.extend(len(fetch(http, server.url)[1]) for _ in range(10))

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert got == [100_000] * 160
    assert server.connections <= 4


def test_post_when_receiver_answers_then_status_and_start_are_told(http, new_server, reply) -> None:
    server = new_server(reply(503, b"busy" * 1000, Retry_After="30"))
    said = http.post(server.url, b"{}", {"Content-Type": "application/json"}, 5.0)
    assert (said.status, said.retry_after_seconds, len(said.body_start)) == (503, 30.0, 1024)
    assert len(server.requests) == 1
