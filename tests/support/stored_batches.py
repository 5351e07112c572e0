"""Batches in a database, as far on their way as a test wants them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from imagebatch.model.names import retry_id
from support.sample_batches import NOON, ROWS, delivery_of, end, new_batch, slots

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from imagebatch.ports import Archive, Batches, Deliveries, Listings, NewBatch, SettledSlot


class Database(Protocol):
    """All parts of a database, in memory or Postgres."""

    batches: Batches
    listings: Listings
    archive: Archive
    deliveries: Deliveries


def accepted(database: Database, owner: str = "alice", accepted_at: datetime = NOON) -> str:
    """Accept a batch over ROWS and return its id."""
    batch = new_batch(owner, accepted_at)
    database.batches.accept(batch, ROWS)
    return batch.request_id


def finished(database: Database, owner: str = "alice", at: datetime = NOON, settled: Iterable[SettledSlot] = ()) -> str:
    """Accept a batch at a time and end it then, with a webhook to be sent; return its id."""
    request_id = accepted(database, owner, at)
    database.batches.finish(request_id, end(delivery_of(request_id), at), list(settled) or slots())
    return request_id


def retry_of(request_id: str, accepted_at: datetime = NOON) -> NewBatch:
    """A retry of a request over ROWS."""
    batch = new_batch(accepted_at=accepted_at)
    return replace(batch, request_id=retry_id(request_id), retry_of=request_id)
