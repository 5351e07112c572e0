"""The supervisor waits for the operator's end for longer than that may take: a kill would leave shards behind."""

from __future__ import annotations

from imagebatch.settings import WebhookSettings
from imagebatch_embedded.local_jobs import STOP_GRACE_SECONDS
from imagebatch_embedded.supervisor import OPERATOR_STOP_SECONDS
from imagebatch_operator.main import STOP_SECONDS


def test_operator_when_it_stops_at_its_slowest_is_still_waited_for():
    settle, senders = STOP_SECONDS, WebhookSettings().webhook_timeout_seconds + STOP_SECONDS
    assert settle + senders + STOP_GRACE_SECONDS < OPERATOR_STOP_SECONDS
