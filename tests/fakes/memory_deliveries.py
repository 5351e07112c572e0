"""`Deliveries` and `Http` in memory, for tests of the webhooks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from imagebatch.model.errors import ImageRejected
from imagebatch.ports import Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from imagebatch.ports import DeliveryAttempt


class MemoryDeliveries:
    """An outbox of one delivery. `due` None: it is not to be sent any more."""

    def __init__(self, delivery: Delivery, due: datetime) -> None:
        self.delivery = delivery
        self.due: datetime | None = due
        self.leased_until: datetime | None = None
        self.delivered = False
        self.tries: list[DeliveryAttempt] = []

    def claim(self, now: datetime, lease_seconds: float) -> Delivery | None:
        free = self.leased_until is None or self.leased_until <= now
        if self.due is None or self.due > now or not free:
            return None
        self.leased_until = now + timedelta(seconds=lease_seconds)
        return replace(self.delivery, attempts=len(self.tries))

    def next_due(self) -> datetime | None:
        return self.due if self.leased_until is None else self.leased_until

    def record_attempt(self, delivery: Delivery, attempt: DeliveryAttempt, *, delivered: bool) -> None:
        self.tries.append(attempt)
        if delivered:
            self.delivered, self.due, self.leased_until = True, None, None

    def retry_at(self, delivery: Delivery, due: datetime | None) -> None:
        self.due, self.leased_until = due, None

    def attempts(self, request_id: str) -> list[DeliveryAttempt]:
        return self.tries


@dataclass(frozen=True)
class Said:
    """What the receiver says: a status and perhaps a wait."""

    status: int
    retry_after_seconds: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Posted:
    """What was sent."""

    url: str
    body: bytes
    headers: Mapping[str, str]


class ScriptedHttp:
    """Answers in order, the last one for ever; an `ImageRejected` among them is raised."""

    def __init__(self, *answers: Said | ImageRejected) -> None:
        self.answers = list(answers)
        self.posted: list[Posted] = []

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> Said:
        self.posted.append(Posted(url, body, headers))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ImageRejected):
            raise answer
        return answer
