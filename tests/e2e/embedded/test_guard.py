"""No address that is not allowed gets a packet: 127.0.0.2 and ::1 stand for the private network, listeners watch them.

Only addresses of this machine are used. Every other range, and IPv6 forms that a router might carry away, are tested
in tests/unit/net, where a hole leads nowhere.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest
from support import pictures
from support.loopback_server import Reply
from support.service import csv_of
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.image_server import ImageServer
    from support.service import Service


@pytest.fixture
def forbidden() -> Iterator[tuple[int, list[socket.socket]]]:
    """Listeners on one port of 127.0.0.2 and of ::1 that the installation may not reach."""
    four = socket.create_server(("127.0.0.2", 0))
    port = four.getsockname()[1]
    six = socket.create_server(("::1", port), family=socket.AF_INET6)
    listeners = [four, six]
    for listener in listeners:
        listener.setblocking(False)
    yield port, listeners
    for listener in listeners:
        listener.close()


def assert_nobody_came(listeners: list[socket.socket]) -> None:
    for listener in listeners:
        with pytest.raises(BlockingIOError):
            listener.accept()


HOSTS = [
    "127.0.0.2",
    "2130706434",  # decimal
    "0x7f000002",  # hexadecimal
    "0177.0.0.2",  # octal
    "127.2",  # short
    "0x7f.0.0.2",
    "１２７.０.０.２",  # full-width digits
    "127。0。0。2",  # ideographic full stops
    "[::1]",
    "[::ffff:127.0.0.2]",  # IPv4-mapped
    "ip6-localhost",  # by name
]


def test_hostile_addresses_in_every_form_are_blocked_and_get_no_packet(
    service: Service, forbidden: tuple[int, list[socket.socket]]
):
    port, listeners = forbidden
    urls = [f"http://{host}:{port}/a.jpg" for host in HOSTS]
    status = service.finish(service.upload(csv_of([[url] for url in urls])), 120)
    _, *errors = service.rows(status["errors_url"])
    codes = {row[3]: row[4] for row in errors}
    allowed_codes = {"blocked_address", "dns_failure"} if not _resolves("ip6-localhost") else {"blocked_address"}
    assert set(codes.values()) <= allowed_codes, codes
    assert len(errors) == len(urls)
    assert_nobody_came(listeners)


def test_redirect_to_a_hostile_address_is_blocked(
    service: Service, image_source: ImageServer, forbidden: tuple[int, list[socket.socket]]
):
    port, listeners = forbidden
    urls = [
        image_source.add(f"/away-{n}.jpg", Reply.redirect(f"http://{host}:{port}/a.jpg"))
        for n, host in enumerate(["127.0.0.2", "2130706434", "[::1]"])
    ]
    status = service.finish(service.upload(csv_of([urls])))
    _, *errors = service.rows(status["errors_url"])
    assert [row[4] for row in errors] == ["blocked_address"] * 3
    assert_nobody_came(listeners)


def test_webhook_to_a_hostile_address_is_not_sent(
    service: Service, image_source: ImageServer, forbidden: tuple[int, list[socket.socket]]
):
    port, listeners = forbidden
    photo = image_source.add("/photo.jpg", pictures.jpeg())
    request_id = service.upload(csv_of([[photo]]), webhook_url=f"http://127.0.0.2:{port}/hook")
    assert service.finish(request_id)["status"] == "Completed"
    first, *_ = eventually(lambda: attempts(service, request_id), 60, "a try")
    assert first["error"].startswith("blocked_address")
    assert_nobody_came(listeners)


def attempts(service: Service, request_id: str) -> list[dict[str, Any]]:
    """Return the tries to deliver a batch's webhook that were recorded."""
    return list(service.get(f"/requests/{request_id}/webhook").json()["attempts"])


def _resolves(name: str) -> bool:
    try:
        socket.getaddrinfo(name, 80)
    except OSError:
        return False
    return True
