"""Sends webhooks from the outbox: claim, sign (Standard Webhooks), post, record, and again by schedule.

Sending happens outside any transaction under a lease, so a crash costs a duplicate at most, with the same id and body.
"""

from __future__ import annotations

import base64
import logging
import random
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from standardwebhooks import Webhook

from imagebatch import USER_AGENT
from imagebatch.model.errors import Conflict, ImageRejected, Misconfigured, Unavailable
from imagebatch.net.addresses import parse_rules
from imagebatch.net.http import GuardedHttp
from imagebatch.ports import DeliveryAttempt
from imagebatch.store.patience import Patience
from imagebatch.telemetry import about

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from imagebatch.metrics import Metrics
    from imagebatch.ports import Clock, Deliveries, Delivery, Http, WebhookAnswer
    from imagebatch.settings import WebhookSettings

GONE = 410
LEASE_SECONDS = 60.0  # on top of the time that a receiver has
LONGEST_RETRY_AFTER_SECONDS = 86_400.0
LONGEST_WAIT_SECONDS = 365 * 86_400.0
JITTER_SHARE = 0.2
IDLE_SECONDS = 5.0
BROKEN_SECONDS = 5.0
SECRET_BYTES = (24, 64)

_KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")

log = logging.getLogger(__name__)


class SigningKeys:
    """Signing keys in a folder, one file each, read anew every time so that keys can be rotated."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder) if folder else None

    def signer(self, name: str) -> Webhook:
        """Return what signs with a key. Raises Misconfigured when there is no such key or it is none."""
        if self._folder is None or not _KEY_NAME.fullmatch(name):
            raise Misconfigured(f"there is no signing key {name!r}")
        try:
            return Webhook(_secret((self._folder / name).read_text("ascii").strip()))
        except OSError as error:
            raise Misconfigured(f"there is no signing key {name!r}") from error
        except ValueError as error:
            raise Misconfigured(f"the signing key {name!r} is not whsec_ and 24 to 64 bytes in base64") from error


def _secret(text: str) -> bytes:
    """Decode a secret as Standard Webhooks writes it. The library alone would pass over what is not base64."""
    secret = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    if not SECRET_BYTES[0] <= len(secret) <= SECRET_BYTES[1]:
        raise ValueError(f"{len(secret)} bytes")
    return secret


class Schedule:
    """When a delivery is tried. `waits_seconds[n]` is the wait before try n + 1, the first since the batch's end."""

    def __init__(self, waits_seconds: Sequence[float], jitter: Callable[[], float] = random.random) -> None:
        self._waits = tuple(waits_seconds)
        self._jitter = jitter

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read seconds, comma-separated. Raises Misconfigured."""
        try:
            waits = [float(part) for part in text.split(",")]
        except ValueError as error:
            raise Misconfigured(f"IMAGEBATCH_WEBHOOK_SCHEDULE_SECONDS: {error}") from error
        # What no date can hold would keep a batch from its end.
        if not all(0 <= wait <= LONGEST_WAIT_SECONDS for wait in waits):
            message = f"every wait is a number of seconds from 0 to {LONGEST_WAIT_SECONDS:.0f}"
            raise Misconfigured(f"IMAGEBATCH_WEBHOOK_SCHEDULE_SECONDS: {message}")
        return cls(waits)

    def next_try(self, attempts: int, now: datetime, retry_after_seconds: float | None) -> datetime | None:
        """Return when to try after `attempts` failures, None to give up. A receiver's wish is not undercut."""
        if attempts >= len(self._waits):
            return None
        wait = self._waits[attempts] * (1 + JITTER_SHARE * self._jitter())
        wish = min(retry_after_seconds or 0.0, LONGEST_RETRY_AFTER_SECONDS)
        return now + timedelta(seconds=max(wait, wish))


@dataclass(frozen=True, slots=True)
class _Reply:
    """What a try came to: the receiver's answer or the error that stood in its way."""

    answer: WebhookAnswer | None = None
    error: str | None = None

    @property
    def delivered(self) -> bool:
        return self.answer is not None and 200 <= self.answer.status < 300

    @property
    def result(self) -> str:
        """The word for the metric: delivered, gone, refused or error."""
        if self.answer is None:
            return "error"
        return "delivered" if self.delivered else "gone" if self.answer.status == GONE else "refused"


class Deliverer:
    """Sends one delivery after another; several may run over the same outbox."""

    def __init__(
        self,
        *,
        deliveries: Deliveries,
        http: Http,
        keys: SigningKeys,
        schedule: Schedule,
        timeout_seconds: float,
        clock: Clock,
        metrics: Metrics,
        on_recorded: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`on_recorded` gets the request id of every try that was recorded."""
        self._on_recorded = on_recorded
        self._deliveries = deliveries
        self._http = http
        self._keys = keys
        self._schedule = schedule
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._metrics = metrics
        self._recording = Patience(LEASE_SECONDS, clock)

    def deliver_next(self) -> bool:
        """Try the next due delivery and record what came of it; False when none is due."""
        delivery = self._deliveries.claim(self._clock.now(), self._timeout_seconds + LEASE_SECONDS)
        if delivery is None:
            return False
        with about(delivery.request_id):
            try:
                self._try(delivery)
            except Conflict:
                log.info("the request was removed while its webhook was sent")
        return True

    def idle_seconds(self) -> float:
        """Return how long to wait before the outbox is worth another look."""
        due = self._deliveries.next_due()
        if due is None:
            return IDLE_SECONDS
        return max(0.05, min(IDLE_SECONDS, (due - self._clock.now()).total_seconds()))

    def _try(self, delivery: Delivery) -> None:
        started_at, started = self._clock.now(), self._clock.monotonic()
        reply = self._send(delivery, started_at)
        attempt = DeliveryAttempt(
            number=delivery.attempts + 1,
            started_at=started_at,
            milliseconds=round(1000 * (self._clock.monotonic() - started)),
            http_status=reply.answer.status if reply.answer else None,
            error=reply.error,
        )
        due = None if reply.delivered else self._next_try(delivery, attempt, reply)
        # What was sent and is not written down is sent again: so a database that is away is waited for.
        self._recording.run(
            lambda: self._deliveries.record_attempt(delivery, attempt, delivered=reply.delivered, due=due)
        )
        self._on_recorded(delivery.request_id)
        self._metrics.webhook_attempts.labels(reply.result).inc()
        if not reply.delivered:
            self._tell(attempt, reply, due)

    def _send(self, delivery: Delivery, now: datetime) -> _Reply:
        try:
            headers = signed_headers(self._keys.signer(delivery.key_name), delivery, now)
            return _Reply(self._http.post(delivery.url, delivery.body, headers, self._timeout_seconds))
        except (ImageRejected, Misconfigured) as error:
            return _Reply(error=f"{error.code}: {error.message}")

    def _next_try(self, delivery: Delivery, attempt: DeliveryAttempt, reply: _Reply) -> datetime | None:
        """Return when to try again after a try that failed, None to give up."""
        if attempt.http_status == GONE:
            return None
        wish = reply.answer.retry_after_seconds if reply.answer else None
        return self._schedule.next_try(attempt.number - delivery.attempts_before, self._clock.now(), wish)

    def _tell(self, attempt: DeliveryAttempt, reply: _Reply, due: datetime | None) -> None:
        if due is None:
            self._metrics.webhooks_given_up.inc()
        said = reply.error or f"HTTP {attempt.http_status}"
        log.warning("webhook try %d: %s; %s", attempt.number, said, f"again at {due:%FT%TZ}" if due else "given up")


def signed_headers(signer: Webhook, delivery: Delivery, now: datetime) -> dict[str, str]:
    """Return the headers of a delivery by Standard Webhooks; the timestamp is that of the try."""
    return {
        "content-type": "application/json",
        "webhook-id": delivery.webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signer.sign(delivery.webhook_id, now, delivery.body.decode()),
    }


def deliver_until(stop: threading.Event, deliverer: Deliverer, wake: threading.Event) -> None:
    """Deliver what is due until stopped; `wake` says that there may be something new. A thread's body."""
    while not stop.is_set():
        try:
            wake.clear()
            while not stop.is_set() and deliverer.deliver_next():
                pass
            wake.wait(deliverer.idle_seconds())
        except Unavailable as error:
            log.warning("no webhooks are sent: %s", error)
            stop.wait(BROKEN_SECONDS)


def webhook_http(settings: WebhookSettings, clock: Clock) -> GuardedHttp:
    """Return the guarded client that webhooks are sent with."""
    rules = parse_rules(settings.webhook_allow, settings.webhook_refuse)
    return GuardedHttp(rules, clock=clock, user_agent=USER_AGENT)


def make_deliverer(
    settings: WebhookSettings,
    *,
    deliveries: Deliveries,
    http: Http,
    clock: Clock,
    metrics: Metrics,
    on_recorded: Callable[[str], None] = lambda _: None,
) -> Deliverer:
    """Return a deliverer as the settings say."""
    return Deliverer(
        deliveries=deliveries,
        http=http,
        keys=SigningKeys(settings.webhook_keys_dir),
        schedule=Schedule.parse(settings.webhook_schedule_seconds),
        timeout_seconds=settings.webhook_timeout_seconds,
        clock=clock,
        metrics=metrics,
        on_recorded=on_recorded,
    )
