"""A receiver that answers in bytes that are no HTTP, as a TLS port does to `http://`: the try is recorded like any."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.sample_batches import ROWS, end, new_batch, slots

from imagebatch.clock import SystemClock
from imagebatch.metrics import Metrics
from imagebatch.model import names
from imagebatch.net.addresses import parse_rules
from imagebatch.net.http import GuardedHttp
from imagebatch.ports import NewDelivery
from imagebatch.settings import WebhookSettings
from imagebatch_operator.webhooks import make_deliverer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagebatch.database.postgres import PostgresDatabase

TLS_ALERT = b"\x15\x03\x01\x00\x02\x02\x16"


@pytest.fixture
def tls_port() -> Iterator[int]:
    """A port that answers one request as a TLS server answers plain text."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            conversation, _ = listener.accept()
            with conversation:
                conversation.recv(65_536)
                conversation.sendall(TLS_ALERT)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(30)


def test_webhook_when_the_receiver_answers_in_tls_has_its_try_recorded(
    database: PostgresDatabase, tls_port: int, tmp_path: Path
) -> None:
    (tmp_path / "default").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    batch, clock = new_batch(), SystemClock()
    database.batches.accept(batch, ROWS)
    url = f"http://127.0.0.1:{tls_port}/"
    delivery = NewDelivery(names.webhook_id(batch.request_id), url, "default", b"{}")
    assert database.batches.finish(batch.request_id, end(delivery), slots())
    deliverer = make_deliverer(
        WebhookSettings(webhook_keys_dir=str(tmp_path)),
        deliveries=database.deliveries,
        http=GuardedHttp(parse_rules("127.0.0.1/32:*"), clock=clock, user_agent="ImageBatch/test"),
        clock=clock,
        metrics=Metrics(),
    )

    assert deliverer.deliver_next()

    (attempt,) = database.deliveries.attempts(batch.request_id)
    assert attempt.error is not None
    assert attempt.error.startswith("connect_failed")
    assert attempt.error.isprintable()
