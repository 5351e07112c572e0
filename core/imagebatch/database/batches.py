"""`Batches` on Postgres: every transaction over requests and their rows. Put together by `postgres`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from psycopg2 import errors
from sqlalchemy import and_, case, exc, func, not_, null, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from imagebatch.database.copying import copy_rows
from imagebatch.database.engine import DEPENDENCY, translated
from imagebatch.database.locks import advisory_lock
from imagebatch.database.rows import (
    BATCH_COLUMNS,
    IMAGE_COLUMNS,
    PRODUCT_COLUMNS,
    accepted_values,
    batch_from,
    final_values,
    image_values,
    product_values,
    request_uuid,
    resource_values,
)
from imagebatch.database.tables import (
    PROCESSING_STATUS,
    SCHEMA_REVISION,
    SCHEMA_TABLE,
    ImageRecord,
    ProductRecord,
    has_our_schema,
)
from imagebatch.database.tables import FileProcessingRecord as File
from imagebatch.database.tables import WebhookDeliveryRecord as DeliveryRecord
from imagebatch.database.wakeups import notify
from imagebatch.model.batch import Counts, Intent, Reason, Status
from imagebatch.model.errors import Conflict, NotFound, Unavailable
from imagebatch.model.status import live_verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlalchemy import Connection, Engine
    from sqlalchemy.dialects.postgresql import Insert
    from sqlalchemy.orm import InstrumentedAttribute

    from imagebatch.database.wakeups import WakeUps
    from imagebatch.model.batch import Batch, Progress, Resource, Verdict
    from imagebatch.ports import Final, NewBatch, NewDelivery, ProductRow, SettledSlot

OUTPUT_URLS = """
UPDATE products SET output_image_urls = made.urls, updated_at = :now
FROM (
  SELECT row_number, string_agg(coalesce(output_url, ''), ',' ORDER BY position) AS urls
  FROM images WHERE file_id = :file_id GROUP BY row_number
) AS made
WHERE products.file_id = :file_id AND products.row_number = made.row_number
"""
KEY_CONSTRAINT = "uq_file_processing_owner_idempotency_key"
CANCELLING = live_verdict(Counts(0), Intent(cancel=True), started=False, has_job=False)
# What a batch that is to be cancelled may still show.
ENDING = (Reason.CANCELLING, Reason.PUBLISHING)
# In the words of the partial index: Postgres does not see that NOT IN the others says the same.
UNFINISHED = File.processing_status.in_([status for status in Status if not status.is_final])


class PostgresBatches:
    """The truth about requests. `session_engine` is unpooled: for locks and listening, which outlive a transaction."""

    def __init__(self, engine: Engine, session_engine: Engine, wake_ups: WakeUps) -> None:
        self._engine = engine
        self._session_engine = session_engine
        self._wake_ups = wake_ups

    def accept(self, batch: NewBatch, rows: Iterable[ProductRow]) -> None:
        """Insert a request with its rows in one transaction and wake the operator. Again: nothing happens.

        Raises Conflict when another request has its idempotency key, NotFound when the one it retries is not there.
        """
        inserted = insert(File).values(accepted_values(batch)).on_conflict_do_nothing(index_elements=["request_id"])
        with translated(), _refusals(batch), self._engine.begin() as connection:
            file_id = connection.scalar(inserted.returning(File.file_id))
            if file_id is None:
                return
            if batch.retry_of is not None:
                _hold_parent(connection, batch.retry_of)
            copy_rows(connection, ProductRecord, PRODUCT_COLUMNS, product_values(file_id, rows))
            notify(connection, batch.request_id)

    def refuse(self, batch: NewBatch, final: Final) -> None:
        """Insert a request that ended before it began, without rows, in one transaction. Again: nothing happens."""
        values = {**accepted_values(batch), **final_values(final)}
        inserted = insert(File).values(values).on_conflict_do_nothing(index_elements=["request_id"])
        with translated(), self._engine.begin() as connection:
            file_id = connection.scalar(inserted.returning(File.file_id))
            if file_id is None:
                return
            if final.delivery is not None:
                connection.execute(_queued(file_id, final.delivery, final.finished_at))
            notify(connection, batch.request_id)

    def claiming(self, owner: str, key: str) -> AbstractContextManager[bool]:
        """Hold an owner's idempotency key while an upload is made; False when another upload holds it."""
        return advisory_lock(self._session_engine, f"upload {len(owner)} {owner} {key}")

    def keyed(self, owner: str, key: str) -> tuple[str, str] | None:
        """Return the request that was made with an idempotency key and its fingerprint, None if none was.

        A request that was deleted keeps its key as long as its row is there.
        """
        wanted = select(File.request_id, File.idempotency_fingerprint)
        wanted = wanted.where(File.owner == owner, File.idempotency_key == key)
        with translated(), self._engine.connect() as connection:
            row = connection.execute(wanted).one_or_none()
        return None if row is None else (str(row.request_id), str(row.idempotency_fingerprint))

    def get(self, request_id: str, owners: frozenset[str] | None = None) -> Batch:
        """Return a batch of one of `owners` (None: anyone's). Raises NotFound."""
        wanted = select(*BATCH_COLUMNS).where(File.request_id == request_uuid(request_id), File.deleted_at.is_(None))
        if owners is not None:
            wanted = wanted.where(File.owner.in_(owners))
        with translated(), self._engine.connect() as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None:
            raise _no_request(request_id)
        return batch_from(row)

    def unfinished(self) -> list[str]:
        """Return the ids of all batches without a final status, oldest first."""
        wanted = select(File.request_id).where(UNFINISHED, File.deleted_at.is_(None))
        with translated(), self._engine.connect() as connection:
            return [str(found) for found in connection.scalars(wanted.order_by(File.created_at, File.file_id))]

    def record_progress(self, request_id: str, verdict: Verdict, progress: Progress, now: datetime) -> None:
        """Show where a running batch is. Counts never go back; a final status is never left."""
        shown = _shown(verdict, progress)
        # A batch is looked at every second: what says nothing new writes nothing.
        news = or_(*(column != value for column, value in shown.items()))
        started_at = now if verdict.status is Status.PROCESSING else null()
        values = {**shown, File.started_at: func.coalesce(File.started_at, started_at), File.updated_at: now}
        change = update(File).where(File.request_id == request_uuid(request_id), UNFINISHED, news)
        with translated(), self._engine.begin() as connection:
            connection.execute(change.values(values))

    def record_cancel(self, request_id: str) -> None:
        """Set the intent to cancel, for good, show it, and wake the operator. A final batch, or none, stays as it is.

        Again: nothing but the waking.
        """
        wanted = File.request_id == request_uuid(request_id)
        change = (
            update(File)
            .where(wanted, UNFINISHED, not_(File.cancel))
            .values(
                cancel=True,
                processing_status=CANCELLING.status,
                reason=CANCELLING.reason.value,
                message=CANCELLING.message,
                updated_at=func.now(),
            )
        )
        with translated(), self._engine.begin() as connection:
            connection.execute(change)
            notify(connection, request_id)

    def record_intent(self, request_id: str, now: datetime, *, suspend: bool, parallelism: int) -> None:
        """Set the rest of the intent, keep count of the time suspended, and wake the operator if it changes.

        A final batch stays as it is.
        """
        # Never less than nothing: it may be suspended by the clock of another machine.
        rested = func.greatest(0, func.extract("epoch", now - func.coalesce(File.suspended_at, now)))
        change = (
            update(File)
            .where(File.request_id == request_uuid(request_id), UNFINISHED)
            .where(or_(File.suspend != suspend, File.parallelism != parallelism))
            .values(
                suspend=suspend,
                parallelism=parallelism,
                suspended_at=func.coalesce(File.suspended_at, now) if suspend else None,
                suspended_seconds=File.suspended_seconds if suspend else File.suspended_seconds + rested,
                updated_at=now,
            )
        )
        with translated(), self._engine.begin() as connection:
            if connection.execute(change).rowcount:
                notify(connection, request_id)

    def record_resource(self, request_id: str, resource: Resource) -> None:
        """Note the resource that a request is declared by, unless the uid of one is known already."""
        wanted = (File.request_id == request_uuid(request_id), File.resource_uid.is_(None))
        with translated(), self._engine.begin() as connection:
            connection.execute(update(File).where(*wanted).values(resource_values(resource)))

    def settling(self, request_id: str) -> AbstractContextManager[bool]:
        """Hold the request's settle lock; False when another process holds it."""
        return advisory_lock(self._session_engine, f"settle {request_uuid(request_id)}")

    def finish(self, request_id: str, final: Final, slots: Iterable[SettledSlot]) -> bool:
        """Write the end in one transaction and wake the deliverer. False when it already was final."""
        ended = update(File).where(File.request_id == request_uuid(request_id), UNFINISHED)
        with translated(), self._engine.begin() as connection:
            file_id = connection.scalar(ended.values(final_values(final)).returning(File.file_id))
            if file_id is None:
                return False
            copy_rows(connection, ImageRecord, IMAGE_COLUMNS, image_values(file_id, slots))
            connection.execute(text(OUTPUT_URLS), {"file_id": file_id, "now": final.finished_at})
            if final.delivery is not None:
                connection.execute(_queued(file_id, final.delivery, final.finished_at))
            notify(connection, request_id)
        return True

    def wake_ups(self, timeout_seconds: float) -> list[str]:
        """Wait for word of new or changed requests; return their ids, empty after the timeout."""
        return self._wake_ups.wait(timeout_seconds)

    def check(self) -> None:
        """Raise Unavailable unless the database answers and its schema is ours or newer."""
        with translated(), self._engine.connect() as connection:
            made = connection.scalar(select(func.to_regclass(SCHEMA_TABLE.name)))
            revision = connection.scalar(select(SCHEMA_TABLE.c.version_num)) if made else None
        if not has_our_schema(revision):
            message = f"the database schema is at {revision or 'nothing'}, not at {SCHEMA_REVISION} or newer"
            raise Unavailable(message, dependency=DEPENDENCY)


@contextmanager
def _refusals(batch: NewBatch) -> Iterator[None]:
    """Say which rule of the tables a new request broke. A foreign key is broken by a retry of what went for good."""
    try:
        yield
    except exc.IntegrityError as error:
        if isinstance(error.orig, errors.ForeignKeyViolation):
            raise _no_request(batch.retry_of) from error
        if isinstance(error.orig, errors.UniqueViolation) and error.orig.diag.constraint_name == KEY_CONSTRAINT:
            message = "another request has this Idempotency-Key"
            raise Conflict(message, code="idempotency_key_in_use") from error
        raise


def _hold_parent(connection: Connection, request_id: str) -> None:
    """Keep a request from being deleted until the transaction ends. Raises NotFound if it is."""
    wanted = select(File.file_id).where(File.request_id == request_uuid(request_id), File.deleted_at.is_(None))
    if connection.scalar(wanted.with_for_update(read=True)) is None:
        raise _no_request(request_id)


def _no_request(request_id: str | None) -> NotFound:
    return NotFound(f"there is no request {request_id!r}")


def _shown(verdict: Verdict, progress: Progress) -> dict[InstrumentedAttribute[Any], Any]:
    """What a row shows after this progress: a status, a count or a cancel that would go back keeps what the row has."""
    forward = File.processing_status <= verdict.status
    if verdict.reason not in ENDING:
        forward = and_(forward, not_(File.cancel))
    counts, size = progress.counts, progress.bytes
    succeeded = func.greatest(File.succeeded, counts.succeeded)
    return {
        File.processing_status: func.greatest(File.processing_status, verdict.status, type_=PROCESSING_STATUS),
        File.reason: case((forward, verdict.reason.value), else_=File.reason),
        File.message: case((forward, verdict.message), else_=File.message),
        File.succeeded: succeeded,
        File.failed: func.least(func.greatest(File.failed, counts.failed), File.total - succeeded),
        File.bytes_in: func.greatest(File.bytes_in, size.input),
        File.bytes_out: func.greatest(File.bytes_out, size.output),
    }


def _queued(file_id: int, delivery: NewDelivery, now: datetime) -> Insert:
    values = {
        "file_id": file_id,
        "webhook_id": delivery.webhook_id,
        "url": delivery.url,
        "key_name": delivery.key_name,
        "body": delivery.body,
        "due_at": delivery.due_at or now,
        "created_at": now,
        "updated_at": now,
    }
    return insert(DeliveryRecord).values(values).on_conflict_do_nothing(index_elements=["webhook_id"])
