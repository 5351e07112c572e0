"""`Listings` on Postgres: requests and their images, many at once, each by one query. Put together by `postgres`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from imagebatch.database.engine import translated
from imagebatch.database.rows import BATCH_COLUMNS, OUTCOME_COLUMNS, batch_from, outcome_from, request_uuid
from imagebatch.database.tables import FileProcessingRecord as File
from imagebatch.database.tables import ImageRecord as Image
from imagebatch.ports import SettledSlot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Engine, ScalarSelect, Select

    from imagebatch.model.batch import Batch, Status
    from imagebatch.model.results import Outcome

ROWS_AT_ONCE = 1_000


class PostgresListings:
    """Requests and their images. Pages go on behind a key, so that what is new does not shift them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest(
        self,
        owners: frozenset[str],
        statuses: frozenset[Status] = frozenset(),
        before: tuple[datetime, str] | None = None,
        limit: int = 20,
    ) -> list[Batch]:
        """Return the newest batches of `owners`, of any status if `statuses` is empty.

        `before` is creation time and request id of the last one that was seen: what is listed comes after it.
        """
        wanted = select(*BATCH_COLUMNS).where(File.owner.in_(owners), File.deleted_at.is_(None))
        if statuses:
            wanted = wanted.where(File.processing_status.in_(statuses))
        if before is not None:
            created_at, request_id = before
            wanted = wanted.where(tuple_(File.created_at, File.request_id) < (created_at, request_uuid(request_id)))
        wanted = wanted.order_by(File.created_at.desc(), File.request_id.desc()).limit(limit)
        with translated(), self._engine.connect() as connection:
            return [batch_from(row) for row in connection.execute(wanted)]

    def slots(
        self,
        request_id: str,
        *,
        succeeded: bool | None = None,
        code: str | None = None,
        after: tuple[int, int] | None = None,
        limit: int = 100,
    ) -> list[SettledSlot]:
        """Return slots of a batch that has ended, by row and position, from the one behind `after` on."""
        wanted = select(Image).where(Image.file_id == _file_id(request_id))
        if succeeded is not None:
            wanted = wanted.where(Image.code.is_(None) if succeeded else Image.code.is_not(None))
        if code is not None:
            wanted = wanted.where(Image.code == code)
        if after is not None:
            wanted = wanted.where(tuple_(Image.row_number, Image.position) > after)
        page = wanted.order_by(Image.row_number, Image.position).limit(limit)
        with translated(), self._engine.connect() as connection:
            rows = connection.execute(_counted(request_id, page))
            return [SettledSlot(row.row_number, row.position, outcome_from(row), row.output_url) for row in rows]

    def outcomes(self, request_id: str) -> Iterator[Outcome]:
        """Yield what became of each image of a batch that has ended, by index; none if it ended without results.

        The rows stay on the server until they are asked for. Close the iterator if it is not read to its end.
        """
        wanted = _each_image(request_id)
        with translated(), self._engine.connect() as connection:
            rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(wanted)
            yield from map(outcome_from, rows)


def _file_id(request_id: str) -> ScalarSelect[int]:
    kept = select(File.file_id).where(File.request_id == request_uuid(request_id), File.deleted_at.is_(None))
    return kept.scalar_subquery()


def _counted(request_id: str, page: Select[Image]) -> Select[*tuple[Any, ...]]:
    """Return the slots of a page, each with how many slots of the whole batch show its image."""
    shown = aliased(Image, page.cte("page"))
    slots = (
        select(Image.image_index, func.count().label("slots"))
        .where(Image.file_id == _file_id(request_id), Image.image_index.in_(select(shown.image_index)))
        .group_by(Image.image_index)
        .subquery()
    )
    columns = [getattr(shown, column.key) for column in OUTCOME_COLUMNS]
    wanted = select(shown.row_number, shown.position, shown.output_url, slots.c.slots, *columns)
    return wanted.join(slots, slots.c.image_index == shown.image_index).order_by(shown.row_number, shown.position)


def _each_image(request_id: str) -> Select[*tuple[Any, ...]]:
    """Return one record of each image, by index, with how many slots show it."""
    slots = func.count().over(partition_by=Image.image_index).label("slots")
    wanted = select(*OUTCOME_COLUMNS, Image.output_url, slots).where(Image.file_id == _file_id(request_id))
    return wanted.ext(distinct_on(Image.image_index)).order_by(Image.image_index)
