"""What is sent can be verified with the library, and never without the right key."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_deliveries import MemoryDeliveries, Said, ScriptedHttp
from standardwebhooks import Webhook, WebhookVerificationError

from imagebatch.metrics import Metrics
from imagebatch.ports import Delivery
from imagebatch_operator.webhooks import Deliverer, Schedule, SigningKeys

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
BODY = '{"request_id": "r", "message": "– done –"}'.encode()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    (tmp_path / "default").write_text(SECRET)
    (tmp_path / "broken").write_text("whsec_not base64!")
    (tmp_path / "empty").write_text("\n")
    return tmp_path


def sent(keys: str, key_name: str, metrics: Metrics, *answers: Said) -> tuple[ScriptedHttp, MemoryDeliveries]:
    clock = ManualClock(datetime.fromtimestamp(int(time.time()), UTC))  # the library checks against the real time
    http = ScriptedHttp(*(answers or (Said(200),)))
    delivery = Delivery(1, "r", "msg_r", "https://hook.example/in", key_name, BODY, attempts=0)
    outbox = MemoryDeliveries(delivery, clock.now())
    deliverer = Deliverer(
        deliveries=outbox,
        http=http,
        keys=SigningKeys(keys),
        schedule=Schedule([0, 5], jitter=lambda: 0.0),
        timeout_seconds=15,
        clock=clock,
        metrics=metrics,
    )
    deliverer.deliver_next()
    clock.pass_(5)
    deliverer.deliver_next()
    return http, outbox


def test_headers_of_a_delivery_are_verified_by_the_library(keys: Path, metrics: Metrics) -> None:
    http, _ = sent(str(keys), "default", metrics)
    (posted,) = http.posted
    assert posted.body == BODY
    assert Webhook(SECRET).verify(posted.body, dict(posted.headers)) == {"request_id": "r", "message": "– done –"}
    assert posted.headers["content-type"] == "application/json"


def test_headers_of_a_delivery_do_not_fit_another_key_or_body(keys: Path, metrics: Metrics) -> None:
    http, _ = sent(str(keys), "default", metrics)
    (posted,) = http.posted
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER_SECRET).verify(posted.body, dict(posted.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(posted.body + b" ", dict(posted.headers))


def test_second_try_of_a_delivery_has_the_same_id_and_body_and_a_time_of_its_own(keys: Path, metrics: Metrics) -> None:
    http, _ = sent(str(keys), "default", metrics, Said(500), Said(200))
    first, second = http.posted
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 5
    Webhook(SECRET).verify(second.body, dict(second.headers))


@pytest.mark.parametrize(
    ("key_name", "error"),
    [
        ("missing", "misconfigured: there is no signing key 'missing'"),
        ("../default", "misconfigured: there is no signing key '../default'"),
        ("broken", "misconfigured: the signing key 'broken' is not whsec_ and 24 to 64 bytes in base64"),
        ("empty", "misconfigured: the signing key 'empty' is not whsec_ and 24 to 64 bytes in base64"),
    ],
)
def test_delivery_with_a_key_that_cannot_be_used_is_recorded_and_not_sent(
    keys: Path, metrics: Metrics, key_name: str, error: str
) -> None:
    http, outbox = sent(str(keys), key_name, metrics)
    assert http.posted == []
    assert [each.error for each in outbox.tries] == [error, error]


def test_delivery_without_a_folder_of_keys_is_recorded_and_not_sent(metrics: Metrics) -> None:
    http, outbox = sent("", "default", metrics)
    assert http.posted == []
    assert outbox.tries[0].error == "misconfigured: there is no signing key 'default'"


def test_key_that_was_replaced_signs_the_next_try(keys: Path) -> None:
    signing = SigningKeys(str(keys))
    before = signing.signer("default").sign("msg", datetime.now(UTC), "x")
    (keys / "default").write_text(OTHER_SECRET)
    assert signing.signer("default").sign("msg", datetime.now(UTC), "x") != before
