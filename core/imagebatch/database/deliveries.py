"""`Deliveries` on Postgres: the outbox of webhooks. Put together by `postgres`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, case, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from imagebatch.database.engine import translated
from imagebatch.database.rows import request_uuid
from imagebatch.database.tables import FileProcessingRecord as File
from imagebatch.database.tables import WebhookAttemptRecord as Attempt
from imagebatch.database.tables import WebhookDeliveryRecord as Record
from imagebatch.database.wakeups import notify
from imagebatch.ports import Delivery, DeliveryAttempt, DeliveryState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine, Update

# The webhook of a deleted request stays unsent.
KEPT = (File.file_id == Record.file_id) & File.deleted_at.is_(None)
UNSENT = Record.delivered_at.is_(None) & Record.given_up_at.is_(None)


class PostgresDeliveries:
    """The outbox of webhooks. A claim is a lease: what its holder does not finish in time, another may take."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, now: datetime, lease_seconds: float) -> Delivery | None:
        """Take a due delivery that nobody else has, until the lease ends."""
        with translated(), self._engine.begin() as connection:
            row = connection.execute(_claimed(now, now + timedelta(seconds=lease_seconds))).one_or_none()
        if row is None:
            return None
        return Delivery(
            id=row.id,
            request_id=str(row.request_id),
            webhook_id=row.webhook_id,
            url=row.url,
            key_name=row.key_name,
            body=bytes(row.body),
            attempts=row.attempts,
            leased_until=row.leased_until,
            attempts_before=row.attempts_before,
            due_at=row.due_at,
        )

    def next_due(self) -> datetime | None:
        """Return when the next unsent delivery is due or its lease ends, None when there is none."""
        due = func.min(func.greatest(Record.due_at, Record.leased_until), type_=Record.due_at.type)
        with translated(), self._engine.connect() as connection:
            found: datetime | None = connection.scalar(select(due).join(File, KEPT).where(UNSENT))
        return found

    def record_attempt(
        self, delivery: Delivery, attempt: DeliveryAttempt, *, delivered: bool, due: datetime | None = None
    ) -> None:
        """Record a try, once however often it is told, and give the claim back; `delivered` ends the delivery.

        If it was not, it is due again at `due`; None gives it up. A claim that was lost decides nothing of that. If
        the delivery was asked for anew meanwhile, it stays due as it is, or at `due` if this was the first try of its
        schedule: it is the new one's first as well.
        """
        values = {
            "delivery_id": delivery.id,
            "number": attempt.number,
            "started_at": attempt.started_at,
            "milliseconds": attempt.milliseconds,
            "http_status": attempt.http_status,
            "error": attempt.error,
        }
        ended_at = attempt.started_at + timedelta(milliseconds=attempt.milliseconds)
        change = update(Record).where(Record.id == delivery.id)
        change = change.values(attempts=func.greatest(Record.attempts, attempt.number), updated_at=ended_at)
        if delivered:
            change = change.values(delivered_at=ended_at, leased_until=None)
        with translated(), self._engine.begin() as connection:
            connection.execute(insert(Attempt).values(values).on_conflict_do_nothing())
            connection.execute(change)
            if not delivered:
                connection.execute(_given_back(delivery, due))

    def attempts(self, request_id: str) -> list[DeliveryAttempt]:
        """Return every try of a request's webhook, oldest first."""
        wanted = (
            select(Attempt.number, Attempt.started_at, Attempt.milliseconds, Attempt.http_status, Attempt.error)
            .join(Record, Record.id == Attempt.delivery_id)
            .join(File, File.file_id == Record.file_id)
            .where(File.request_id == request_uuid(request_id), File.deleted_at.is_(None))
            .order_by(Attempt.started_at, Attempt.id)
        )
        with translated(), self._engine.connect() as connection:
            return [DeliveryAttempt(*row) for row in connection.execute(wanted)]

    def state(self, request_id: str) -> DeliveryState | None:
        """Return where a request's webhook stands, None when there is none or not yet."""
        wanted = select(Record.webhook_id, Record.url, Record.due_at, Record.delivered_at, Record.given_up_at)
        wanted = wanted.join(File, KEPT).where(File.request_id == request_uuid(request_id))
        with translated(), self._engine.connect() as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None:
            return None
        ended = row.delivered_at is not None or row.given_up_at is not None
        return DeliveryState(row.webhook_id, row.url, None if ended else row.due_at, row.delivered_at, row.given_up_at)

    def redeliver(self, request_id: str, now: datetime) -> bool:
        """Have a webhook sent now and by a new schedule, and wake the deliverer; False when there is none.

        A claim that somebody holds stays theirs: what they are sending, they send to its end.
        """
        change = update(Record).where(KEPT, File.request_id == request_uuid(request_id))
        change = change.values(
            attempts_before=Record.attempts, due_at=now, delivered_at=None, given_up_at=None, updated_at=now
        )
        with translated(), self._engine.begin() as connection:
            found = connection.execute(change).rowcount > 0
            if found:
                notify(connection, request_id)
        return found


def _claimed(now: datetime, until: datetime) -> Update:
    free = or_(Record.leased_until.is_(None), Record.leased_until <= now)
    due = select(Record.id).join(File, KEPT).where(UNSENT, Record.due_at <= now, free)
    first = due.order_by(Record.due_at, Record.id).limit(1)
    taken = first.with_for_update(skip_locked=True, of=Record).scalar_subquery()
    change = update(Record).where(Record.id == taken, File.file_id == Record.file_id)
    return change.values(leased_until=until, updated_at=now).returning(
        Record.id,
        File.request_id,
        Record.webhook_id,
        Record.url,
        Record.key_name,
        Record.body,
        Record.attempts,
        Record.leased_until,
        Record.attempts_before,
        Record.due_at,
    )


def _given_back(delivery: Delivery, due: datetime | None) -> Update:
    mine = update(Record).where(Record.id == delivery.id, Record.leased_until == delivery.leased_until, UNSENT)
    same = Record.attempts_before == delivery.attempts_before
    if due is None:
        # Asked for anew during the first try of a schedule, it counts from where it did; but due_at has moved, because
        # what was claimed was due before it was asked for.
        same = and_(same, Record.due_at == delivery.due_at)
    return mine.values(
        leased_until=None,
        updated_at=func.now(),
        due_at=Record.due_at if due is None else case((same, due), else_=Record.due_at),
        given_up_at=case((same, func.now()), else_=null()) if due is None else null(),
    )
