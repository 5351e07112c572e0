"""Servers that are slow, endless, lying or malicious: cut in time, memory flat."""

import gzip
import socket
import time
from dataclasses import replace

import pytest

from imagebatch.model.errors import ImageRejected
from imagebatch.net.failures import FetchRejected
from imagebatch.net.messages import FetchLimits

MIB = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\n"
AMPLE = FetchLimits(deadline_seconds=30.0, max_bytes=MIB, attempts=1)
# For what ends at the deadline, which is the only reason: none is cut for being slow.
SHORT = replace(AMPLE, deadline_seconds=1.0, slow_grace_seconds=600.0)


class Discard:
    def write(self, data: bytes) -> None:
        """Take and forget."""


def code_of(http, url: str, limits: FetchLimits = AMPLE) -> str:
    with pytest.raises(FetchRejected) as rejected:
        http.get(url, limits=limits, into=Discard())
    return rejected.value.code


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"", b"H"),
        (HEAD, b"X-A: b\r\n"),
        (HEAD + b"X-Long: ", b"a"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 103 Early Hints\r\n", b"Link: </a>\r\n"),
        (HEAD + b"Content-Length: 1000\r\n\r\n", b"x"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-T: 1\r\n"),
        (HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff"),
        (b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 9000\r\n\r\n", b"x"),
    ],
    ids=[
        "status",
        "headers",
        "header",
        "continue",
        "early-hints",
        "body",
        "chunks",
        "chunk-size",
        "trailers",
        "empty-deflate",
        "redirect",
    ],
)
def test_get_when_source_drips_then_cut_at_the_deadline(http, new_server, drip, start, piece) -> None:
    server = new_server(drip(start, piece))
    assert code_of(http, server.url, SHORT) == "timeout"


def test_get_when_redirects_drip_then_deadline_spans_all_of_them(http, new_server, reply) -> None:
    def slow_hop(conversation: socket.socket) -> None:
        time.sleep(0.4)
        reply(302, Location="/next")(conversation)

    server = new_server(slow_hop)
    assert code_of(http, server.url, SHORT) == "timeout"
    assert len(server.requests) <= 3


def test_get_when_body_is_slower_than_the_least_speed_then_cut_before_the_deadline(http, new_server, drip) -> None:
    server = new_server(drip(HEAD + b"Content-Length: 100000\r\n\r\n", b"x"))
    limits = FetchLimits(deadline_seconds=30.0, slow_grace_seconds=0.3, min_bytes_per_second=1000, attempts=1)
    assert code_of(http, server.url, limits) == "timeout"


def test_get_when_server_is_silent_then_timeout(http, new_server) -> None:
    server = new_server(lambda conversation: None)
    assert code_of(http, server.url, SHORT) == "timeout"


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"),
        (HEAD + b"\r\n", b"x" * 65536),
    ],
    ids=["chunked", "until-close"],
)
def test_get_when_body_is_endless_then_too_large(http, new_server, drip, start, piece) -> None:
    assert code_of(http, new_server(drip(start, piece, 0.0)).url) == "too_large"


def test_get_when_announced_length_is_over_the_cap_then_refused_before_the_body(http, new_server, reply) -> None:
    assert code_of(http, new_server(reply(200, b"x", length=MIB + 1)).url) == "too_large"


@pytest.mark.parametrize("line", [b"X-A: ", b"", b"0;"], ids=["header", "status", "chunk-extension"])
def test_get_when_a_line_is_endless_then_refused_with_flat_memory(http, new_server, drip, memory_below, line) -> None:
    start = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" if line == b"0;" else (HEAD if line else b"")
    server = new_server(drip(start + line, b"a" * 65536, 0.0))
    with memory_below(2 * MIB):
        assert code_of(http, server.url) in {"connect_failed", "truncated"}


@pytest.mark.parametrize(
    "text",
    [
        HEAD + b"Content-Length: 10\r\n\r\nabc",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab",
        HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    ],
    ids=["short", "chunk-short", "chunk-junk", "two-lengths"],
)
def test_get_when_body_is_not_what_was_announced_then_truncated(http, new_server, text) -> None:
    def send(conversation: socket.socket) -> None:
        conversation.sendall(text)
        conversation.shutdown(socket.SHUT_RDWR)

    assert code_of(http, new_server(send).url) == "truncated"


def test_get_when_redirect_has_an_endless_body_then_it_is_not_read(http, new_server, drip, memory_below, reply) -> None:
    endless = drip(b"HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n", b"x" * 65536, 0.0)
    server = new_server(endless, reply(200, b"ok"))
    with memory_below(2 * MIB):
        assert http.get(server.url, limits=AMPLE, into=Discard()).body_bytes == 2


def test_post_when_receiver_drips_then_cut_at_the_timeout(http, new_server, drip) -> None:
    server = new_server(drip(b"", b"H"))
    with pytest.raises(ImageRejected) as rejected:
        http.post(server.url, b"{}", {}, 0.5)
    assert rejected.value.code == "timeout"


def test_post_when_answer_body_drips_then_status_is_told_in_time(http, new_server, drip) -> None:
    server = new_server(drip(HEAD + b"Content-Length: 1000\r\n\r\n", b"x"))
    assert http.post(server.url, b"{}", {}, 5.0).status == 200


def test_get_when_the_answer_is_no_http_then_its_words_hold_no_control_character(http, new_server) -> None:
    def send(conversation: socket.socket) -> None:
        conversation.sendall(b"\x15\x03\x01\x00\x02\x02\x16")
        conversation.shutdown(socket.SHUT_RDWR)

    with pytest.raises(FetchRejected) as rejected:
        http.get(new_server(send).url, limits=AMPLE, into=Discard())
    assert rejected.value.code == "connect_failed"
    assert rejected.value.message.isprintable()
