"""A delivery is verified by its signature (Standard Webhooks) and by nothing else."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from imagebatch_cli.errors import WrongUse
from imagebatch_cli.webhook_receiver import described, judge, signing_key

SECRET = "whsec_" + b64encode(b"a key of the tests, long enough.").decode()
BODY = b'{"request_id": "7b0c", "status": "Completed", "reason": "AllSucceeded"}'


def signed(body: bytes = BODY, at: datetime | None = None, secret: str = SECRET) -> dict[str, str]:
    at = at or datetime.now(UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, body.decode()),
    }


def test_delivery_when_signed_by_the_key_is_verified():
    delivery = judge(signing_key(f" {SECRET}\n"), BODY, signed())
    assert (delivery.verified, delivery.webhook_id, delivery.body["status"]) == (True, "msg_1", "Completed")
    assert described(delivery) == "verified  msg_1: 7b0c Completed AllSucceeded"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY.replace(b"Completed", b"Failed"), signed()),
        (BODY, signed(at=datetime.now(UTC) - timedelta(hours=1))),
        (BODY, signed(secret="whsec_" + b64encode(b"some other key than the one used").decode())),
        (BODY, {}),
        (BODY, {**signed(), "webhook-signature": "nonsense"}),
        (BODY, {**signed(), "webhook-signature": "v1,***"}),
        (b"\xff\xfe", signed()),
    ],
    ids=["changed", "old", "other-key", "unsigned", "no-comma", "no-base64", "no-text"],
)
def test_delivery_when_the_signature_does_not_hold_is_refused(body, headers):
    delivery = judge(signing_key(SECRET), body, headers)
    assert (delivery.verified, delivery.body) == (False, None)
    assert described(delivery).startswith("refused")


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!"])
def test_secret_when_it_is_no_key_is_wrong_use(secret):
    with pytest.raises(WrongUse):
        signing_key(secret)


def test_listen_when_there_is_no_key_exits_2_and_says_where_one_is(run, tmp_path):
    ended = run("webhook", "listen", "--secret-file", tmp_path / "none")
    assert ended.code == 2
    assert "imagebatch dev" in ended.err
