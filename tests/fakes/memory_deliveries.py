"""`Deliveries` and `Http` in memory, for tests of the webhooks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from fakes.memory_batches import MemoryBatches
from imagebatch.model.errors import Conflict, ImageRejected
from imagebatch.ports import Delivery, DeliveryState, NewDelivery

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Self

    from fakes.memory_batches import Outgoing
    from imagebatch.ports import DeliveryAttempt


class MemoryDeliveries:
    """An outbox with one delivery in it, or, made by `of`, what the batches of a `MemoryBatches` leave to be sent.

    `due`, `delivered` and `tries` are those of the first delivery; `due` None: it is not to be sent any more.
    """

    def __init__(self, delivery: Delivery, due: datetime) -> None:
        self._state = MemoryBatches()
        message = NewDelivery(delivery.webhook_id, delivery.url, delivery.key_name, delivery.body)
        self._state.put_out(delivery.request_id, message, due)

    @classmethod
    def of(cls, batches: MemoryBatches) -> Self:
        """Return the outbox of some batches."""
        made = cls.__new__(cls)
        made._state = batches
        return made

    @property
    def tries(self) -> list[DeliveryAttempt]:
        return self._first.tries

    @property
    def delivered(self) -> bool:
        return self._first.delivered_at is not None

    @property
    def due(self) -> datetime | None:
        return self._first.due if self._first.unsent else None

    @due.setter
    def due(self, due: datetime | None) -> None:
        if due is None:
            self._first.given_up_at = self._first.due
        else:
            self._first.due = due

    def claim(self, now: datetime, lease_seconds: float) -> Delivery | None:
        self._state.check()
        with self._state.lock:
            free = [one for one in self._unsent() if one.leased_until is None or one.leased_until <= now]
            due = min((one for one in free if one.due <= now), key=lambda one: (one.due, one.id), default=None)
            if due is None:
                return None
            due.leased_until = now + timedelta(seconds=lease_seconds)
            return _claimed(due)

    def next_due(self) -> datetime | None:
        self._state.check()
        return min((max(one.due, one.leased_until or one.due) for one in self._unsent()), default=None)

    def record_attempt(
        self, delivery: Delivery, attempt: DeliveryAttempt, *, delivered: bool, due: datetime | None = None
    ) -> None:
        with self._state.lock:
            one = next((one for one in self._state.outbox.values() if one.id == delivery.id), None)
            if one is None:
                raise Conflict("the database refused a change that breaks its rules")
            if (attempt.number, attempt.started_at) not in {(each.number, each.started_at) for each in one.tries}:
                one.tries.append(attempt)
            one.attempts = max(one.attempts, attempt.number)
            if delivered:
                one.delivered_at = attempt.started_at + timedelta(milliseconds=attempt.milliseconds)
                one.leased_until = None
            elif one.unsent and one.leased_until == delivery.leased_until:
                _give_back(one, delivery, due)

    def attempts(self, request_id: str) -> list[DeliveryAttempt]:
        one = self._kept(request_id)
        return sorted(one.tries, key=lambda each: each.started_at) if one else []

    def state(self, request_id: str) -> DeliveryState | None:
        one = self._kept(request_id)
        if one is None:
            return None
        due = one.due if one.unsent else None
        return DeliveryState(one.message.webhook_id, one.message.url, due, one.delivered_at, one.given_up_at)

    def redeliver(self, request_id: str, now: datetime) -> bool:
        with self._state.lock:
            one = self._kept(request_id)
            if one is None:
                return False
            one.attempts_before, one.due = one.attempts, now
            one.delivered_at = one.given_up_at = None
            self._state.said.append(request_id)
        return True

    @property
    def _first(self) -> Outgoing:
        return next(iter(self._state.outbox.values()))

    def _kept(self, request_id: str) -> Outgoing | None:
        self._state.check()
        return None if request_id in self._state.deleted else self._state.outbox.get(request_id)

    def _unsent(self) -> list[Outgoing]:
        kept = [one for one in self._state.outbox.values() if one.request_id not in self._state.deleted]
        return [one for one in kept if one.unsent]


def _give_back(one: Outgoing, delivery: Delivery, due: datetime | None) -> None:
    one.leased_until = None
    if one.attempts_before != delivery.attempts_before:
        return
    if due is not None:
        one.due = due
    elif one.due == delivery.due_at:
        one.given_up_at = one.due


def _claimed(one: Outgoing) -> Delivery:
    return Delivery(
        id=one.id,
        request_id=one.request_id,
        webhook_id=one.message.webhook_id,
        url=one.message.url,
        key_name=one.message.key_name,
        body=one.message.body,
        attempts=one.attempts,
        leased_until=one.leased_until,
        attempts_before=one.attempts_before,
        due_at=one.due,
    )


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
