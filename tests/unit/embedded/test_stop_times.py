"""Whoever asks a program to end waits for longer than that may take: a kill costs a try, or leaves shards behind."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from imagebatch.settings import WebhookSettings
from imagebatch_embedded.local_jobs import STOP_GRACE_SECONDS
from imagebatch_embedded.supervisor import OPERATOR_STOP_SECONDS
from imagebatch_operator.loop import STOP_SECONDS
from imagebatch_processor import shard

if TYPE_CHECKING:
    import pytest


def test_operator_when_it_stops_at_its_slowest_is_still_waited_for():
    settle, senders = STOP_SECONDS, WebhookSettings().webhook_timeout_seconds + STOP_SECONDS
    assert settle + senders + STOP_GRACE_SECONDS < OPERATOR_STOP_SECONDS


def test_shard_when_its_store_is_away_leaves_before_it_is_killed(monkeypatch: pytest.MonkeyPatch):
    # The program takes over SIGTERM when it is imported: not this process's.
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    from imagebatch_processor.__main__ import LEAVE_SECONDS

    assert shard.STOP_GRACE_SECONDS < LEAVE_SECONDS < STOP_GRACE_SECONDS
