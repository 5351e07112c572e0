"""`Archive` on Postgres: how requests go, and the installation's id. Put together by `postgres`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import aliased

from imagebatch.database.engine import translated
from imagebatch.database.rows import request_uuid, resource_from
from imagebatch.database.tables import FileProcessingRecord as File
from imagebatch.database.tables import InstallationRecord as Installation
from imagebatch.database.wakeups import notify
from imagebatch.model.errors import Conflict, NotFound
from imagebatch.ports import Deleted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Engine, Update

EXPIRED_AT_ONCE = 1_000

Retry = aliased(File)
HAS_RETRY = exists().where(Retry.retry_of == File.request_id)


class PostgresArchive:
    """Deletion in two steps. Between them the row tells the housekeeping what there still is to remove."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def mark_deleted(self, request_id: str, owners: frozenset[str], now: datetime) -> None:
        """Delete a request for its owners and wake the operator; again: nothing happens.

        Raises NotFound, also once it went for good; Conflict `not_final` while it has no final status.
        """
        wanted = select(File.file_id, File.deleted_at, File.processing_status).with_for_update(key_share=True)
        wanted = wanted.where(File.request_id == request_uuid(request_id), File.owner.in_(owners))
        with translated(), self._engine.begin() as connection:
            row = connection.execute(wanted).one_or_none()
            if row is None:
                raise NotFound(f"there is no request {request_id!r}")
            if row.deleted_at is not None:
                return
            if not row.processing_status.is_final:
                raise Conflict("a request that has not ended cannot be deleted; cancel it first", code="not_final")
            connection.execute(_marked(now).where(File.file_id == row.file_id))
            notify(connection, request_id)

    def expire(self, finished_before: datetime, now: datetime) -> list[str]:
        """Mark deleted what ended before a time, at most 1,000 at once, oldest first; return the ids."""
        ended = select(File.file_id).where(File.finished_at < finished_before, File.deleted_at.is_(None))
        oldest = ended.order_by(File.finished_at).limit(EXPIRED_AT_ONCE).with_for_update(key_share=True)
        change = _marked(now).where(File.file_id.in_(oldest)).returning(File.request_id)
        with translated(), self._engine.begin() as connection:
            return [str(found) for found in connection.scalars(change)]

    def deleted(self) -> list[Deleted]:
        """Return every request marked deleted, newest first."""
        wanted = select(
            File.request_id,
            HAS_RETRY.label("has_retry"),
            File.resource_namespace,
            File.resource_name,
            File.resource_uid,
        ).where(File.deleted_at.is_not(None))
        wanted = wanted.order_by(File.created_at.desc(), File.file_id.desc())
        with translated(), self._engine.connect() as connection:
            return [
                Deleted(str(row.request_id), row.has_retry, resource_from(row)) for row in connection.execute(wanted)
            ]

    def remove(self, request_id: str) -> bool:
        """Remove the row and all that hangs on it; False unless it is marked deleted and has no retry."""
        wanted = select(File.file_id).where(File.request_id == request_uuid(request_id), File.deleted_at.is_not(None))
        with translated(), self._engine.begin() as connection:
            # Locked first: from here on no retry can be tied to it, and those that were are seen below.
            file_id = connection.scalar(wanted.with_for_update())
            gone = connection.execute(delete(File).where(File.file_id == file_id, ~HAS_RETRY))
            return gone.rowcount > 0

    def known(self, request_ids: Sequence[str]) -> frozenset[str]:
        """Return those of some ids that have a row, marked deleted or not. What is no UUID has none."""
        wanted = select(File.request_id).where(File.request_id.in_(_uuids(request_ids)))
        with translated(), self._engine.connect() as connection:
            return frozenset(map(str, connection.scalars(wanted)))

    def installation_id(self) -> str:
        """Return the id that this database was given when its table was made."""
        with translated(), self._engine.connect() as connection:
            return str(connection.execute(select(Installation.id)).scalar_one())


def _marked(now: datetime) -> Update:
    return update(File).values(deleted_at=now, updated_at=now)


def _uuids(request_ids: Sequence[str]) -> list[UUID]:
    found = []
    for request_id in request_ids:
        with suppress(NotFound):
            found.append(request_uuid(request_id))
    return found
