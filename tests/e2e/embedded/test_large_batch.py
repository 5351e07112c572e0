"""Two thousand images, one in fifty failing in ten different ways: every slot in place, every failure coded."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from support import pictures
from support.loopback_server import Reply
from support.service import csv_of
from support.waiting import eventually

if TYPE_CHECKING:
    from support.image_server import ImageServer
    from support.service import Service
    from support.webhook_receiver import WebhookReceiver

IMAGES = 2_000
EVERY = 50  # one image in so many fails


def failing_sources(source: ImageServer) -> list[tuple[str, str]]:
    """Return ten ways to fail as (URL with a {} for its number, code)."""
    photo = pictures.jpeg()
    source.add("/page.jpg", b"<!doctype html><title>no</title>")
    source.add("/drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    source.add("/cut.jpg", Reply.truncated(photo, 500))
    source.add("/half.jpg", photo[: len(photo) // 2])
    source.add("/gone.jpg", Reply(status=410))
    source.add("/loop.jpg", Reply.redirect("/loop.jpg"))
    source.add("/empty.jpg", b"")
    source.add("/wide.png", pictures.encode(pictures.photo(16, 16).resize((20_000, 2)), "PNG"))
    return [
        (source.url("/missing.jpg?{}"), "http_404"),
        (source.url("/page.jpg?{}"), "not_an_image"),
        (source.url("/drawing.svg?{}"), "unsupported_format"),
        (source.url("/cut.jpg?{}"), "truncated"),
        (source.url("/half.jpg?{}"), "truncated"),
        (source.url("/gone.jpg?{}"), "http_410"),
        (source.url("/loop.jpg?{}"), "too_many_redirects"),
        (source.url("/wide.png?{}"), "too_many_pixels"),
        ("http://127.0.0.2/blocked.jpg?{}", "blocked_address"),
        (f"http://127.0.0.1:{closed_port()}/refused.jpg?{{}}", "connect_failed"),
    ]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_two_thousand_images_with_failures_end_with_every_slot_in_place(
    service: Service, image_source: ImageServer, webhook_receiver: WebhookReceiver
):
    failing = failing_sources(image_source)
    image_source.add("/photo.jpg", pictures.jpeg(160, 120))
    urls, expected = [], []
    for n in range(IMAGES):
        url, code = failing[n // EVERY % len(failing)] if n % EVERY == 7 else (image_source.url("/photo.jpg?{}"), "")
        urls.append(url.format(n))
        expected.append(code)
    lists = [urls[n : n + 4] for n in range(0, IMAGES, 4)]
    request_id = service.upload(csv_of(lists), webhook_url=webhook_receiver.address)
    status = service.finish(request_id, 240)

    failed = sum(1 for code in expected if code)
    assert failed == IMAGES // EVERY
    assert status["reason"] == "PartiallySucceeded"
    assert status["counts"] == {"total": IMAGES, "pending": 0, "succeeded": IMAGES - failed, "failed": failed}
    outputs = [slot for row in service.outputs(status) for slot in row]
    assert [bool(slot) for slot in outputs] == [not code for code in expected]
    _, *errors = service.rows(status["errors_url"])
    assert [(row[3], row[4]) for row in errors] == [(u, c) for u, c in zip(urls, expected, strict=True) if c]

    done = [look["counts"]["succeeded"] + look["counts"]["failed"] for look in service.looks]
    assert done == sorted(done)
    assert len(set(done)) > 3  # it was seen to move
    eventually(lambda: webhook_receiver.deliveries)
    assert len(webhook_receiver.deliveries) == 1
    assert image_source.counts["/photo.jpg"] == IMAGES - failed
