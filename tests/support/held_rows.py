"""Rows of Postgres that a test locks, so that what changes them waits."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import psycopg2

from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.invariants import Site

PRODUCTS = (
    "SELECT 1 FROM products JOIN file_processing f USING (file_id) WHERE f.request_id = %s FOR UPDATE OF products"
)
DELIVERY = (
    "SELECT 1 FROM webhook_deliveries d JOIN file_processing f USING (file_id) WHERE f.request_id = %s FOR UPDATE OF d"
)
WAITING = "SELECT pid FROM pg_stat_activity WHERE application_name = 'imagebatch' AND wait_event_type = 'Lock'"


@contextmanager
def locked(database_url: str, query: str, request_id: str) -> Iterator[None]:
    """Hold rows of a request for a time."""
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute(query, (request_id,))
        assert cursor.rowcount > 0, f"{request_id} has no such row"
        yield


def somebody_waits(site: Site, timeout_seconds: float) -> None:
    """Wait until a transaction of the service waits for a lock."""
    eventually(lambda: site.rows(WAITING), timeout_seconds, "a transaction that waits for the row")
