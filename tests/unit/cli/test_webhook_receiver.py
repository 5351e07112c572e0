"""A receiver of webhooks outlives senders that break off, without a word: they send again."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer

import pytest
from standardwebhooks import Webhook

from imagebatch_cli.webhook_receiver import ReceivedDelivery, WebhookReceiver

SECRET = "whsec_" + b64encode(b"a key of the tests, long enough.").decode()
BODY = b'{"request_id": "7b0c"}'
Take = Callable[[ReceivedDelivery], None]
Arrive = Callable[[Take, socket.socket], None]


@pytest.fixture
def arrive(monkeypatch) -> Arrive:
    """Hand one connection, half of a pair within the process, to a receiver and wait until it is done with it."""
    monkeypatch.setattr(ThreadingHTTPServer, "address_family", socket.AF_UNIX)
    for step in ("server_bind", "server_activate"):
        monkeypatch.setattr(ThreadingHTTPServer, step, lambda _: None)

    def arrive_(take: Take, connection: socket.socket) -> None:
        with WebhookReceiver(SECRET, take)._server as server:
            server.process_request_thread(connection, ("127.0.0.1", 1))

    return arrive_


def posted() -> bytes:
    """A delivery as it goes over the wire."""
    now = datetime.now(UTC)
    lines = [
        "POST /webhook HTTP/1.1",
        f"Content-Length: {len(BODY)}",
        "webhook-id: msg_1",
        f"webhook-timestamp: {int(now.timestamp())}",
        f"webhook-signature: {Webhook(SECRET).sign('msg_1', now, BODY.decode())}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + BODY


def broken_off(missing_bytes: int, *, reset: bool) -> socket.socket:
    """The receiver's end of a connection whose sender left, with a reset or in order."""
    sender, receiver = socket.socketpair()
    if reset:
        receiver.sendall(b"never read")  # what makes a reset of the close of such a pair
    sender.sendall(posted()[: -missing_bytes or None])
    sender.close()
    return receiver


def answer_to(arrive: Arrive, take: Take) -> bytes:
    """What the receiver answers to a delivery that arrives whole."""
    sender, receiver = socket.socketpair()
    with sender:
        sender.sendall(posted())
        arrive(take, receiver)
        return sender.recv(4096)


@pytest.mark.parametrize(("missing", "reset", "taken"), [(len(BODY) // 2, True, 0), (0, False, 1)])
def test_receiver_when_a_sender_breaks_off_says_nothing_and_takes_the_next(arrive, capsys, missing, reset, taken):
    deliveries: list[ReceivedDelivery] = []
    arrive(deliveries.append, broken_off(missing, reset=reset))
    assert [each.verified for each in deliveries] == [True] * taken
    assert answer_to(arrive, deliveries.append).startswith(b"HTTP/1.0 204 ")
    assert capsys.readouterr().err == ""


def test_receiver_when_a_delivery_cannot_be_taken_says_so_in_a_line(arrive, capsys):
    def take(_: ReceivedDelivery) -> None:
        raise RuntimeError("no room")

    assert answer_to(arrive, take) == b""
    assert capsys.readouterr().err == "A delivery could not be taken: RuntimeError('no room')\n"
