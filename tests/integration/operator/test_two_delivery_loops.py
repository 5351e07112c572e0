"""Two delivery loops over one outbox, as two operators have them for a while: each message is sent once."""

from __future__ import annotations

import threading
from pathlib import Path

from support.sample_batches import ROWS, end, new_batch, slots
from support.waiting import eventually
from support.webhook_receiver import WebhookReceiver

from imagebatch.clock import SystemClock
from imagebatch.database.postgres import PostgresDatabase
from imagebatch.metrics import Metrics
from imagebatch.model import names
from imagebatch.net.addresses import parse_rules
from imagebatch.net.http import GuardedHttp
from imagebatch.ports import NewDelivery
from imagebatch.settings import WebhookSettings
from imagebatch_operator.webhooks import Deliverer, deliver_until, make_deliverer

MESSAGES = 40
SENDERS = 4  # in each loop
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def deliverer(database: PostgresDatabase, keys: Path) -> Deliverer:
    clock = SystemClock()
    http = GuardedHttp(parse_rules("127.0.0.1/32:*"), clock=clock, user_agent="ImageBatch/test")
    settings = WebhookSettings(webhook_keys_dir=str(keys))
    return make_deliverer(settings, deliveries=database.deliveries, http=http, clock=clock, metrics=Metrics())


def test_messages_when_two_loops_send_at_once_are_each_sent_once(
    database: PostgresDatabase, webhook_receiver: WebhookReceiver, tmp_path: Path
) -> None:
    (tmp_path / "default").write_text(SECRET)
    ids = []
    for _ in range(MESSAGES):
        batch = new_batch()
        database.batches.accept(batch, ROWS)
        message = names.webhook_id(batch.request_id)
        delivery = NewDelivery(message, webhook_receiver.address, "default", b"{}")
        assert database.batches.finish(batch.request_id, end(delivery), slots())
        ids.append(message)
    stop, wake = threading.Event(), threading.Event()
    loops = [deliverer(database, tmp_path) for _ in range(2)]
    threads = [
        threading.Thread(target=deliver_until, args=(stop, loop, wake)) for loop in loops for _ in range(SENDERS)
    ]
    for thread in threads:
        thread.start()
    try:
        eventually(lambda: len(webhook_receiver.deliveries) >= MESSAGES, 60)
        eventually(lambda: database.deliveries.next_due() is None, 60)
    finally:
        stop.set()
        wake.set()
        for thread in threads:
            thread.join(30)
    assert sorted(each.headers["webhook-id"] for each in webhook_receiver.deliveries) == sorted(ids)
