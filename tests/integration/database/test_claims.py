from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import psycopg2
from support.sample_batches import NOON, ROWS, delivery_of, end, new_batch, slots

if TYPE_CHECKING:
    from imagebatch.database.postgres import PostgresDatabase
    from imagebatch.ports import Delivery

LEASE_SECONDS = 60.0


def _ended(database: PostgresDatabase) -> str:
    batch = new_batch()
    database.batches.accept(batch, ROWS)
    database.batches.finish(batch.request_id, end(delivery_of(batch.request_id)), slots())
    return batch.request_id


def _after(seconds: float) -> object:
    return NOON + timedelta(seconds=seconds)


def _claim(database: PostgresDatabase, seconds: float = 0) -> Delivery | None:
    return database.deliveries.claim(NOON + timedelta(seconds=seconds), LEASE_SECONDS)


def test_a_delivery_when_two_claim_at_once_goes_to_one(
    database: PostgresDatabase, other_database: PostgresDatabase
) -> None:
    _ended(database)
    together = Barrier(2)

    def claim(part: PostgresDatabase) -> Delivery | None:
        together.wait(10)
        return _claim(part)

    with ThreadPoolExecutor(2) as threads:
        claims = list(threads.map(claim, (database, other_database)))

    assert len([found for found in claims if found]) == 1


def test_deliveries_when_many_claim_at_once_go_out_once_each(
    database: PostgresDatabase, other_database: PostgresDatabase
) -> None:
    wanted = sorted(_ended(database) for _ in range(12))

    def claim_all(part: PostgresDatabase) -> list[str]:
        return [found.request_id for found in iter(lambda: _claim(part), None)]

    with ThreadPoolExecutor(4) as threads:
        found = [each for part in threads.map(claim_all, [database, other_database] * 2) for each in part]

    assert sorted(found) == wanted


def test_a_delivery_whose_row_another_holds_when_claimed_does_not_wait(
    database: PostgresDatabase, migrated_database_url: str
) -> None:
    first, second = _ended(database), _ended(database)
    holder = psycopg2.connect(migrated_database_url)
    try:
        with holder.cursor() as cursor:
            cursor.execute("SELECT 1 FROM webhook_deliveries WHERE webhook_id = %s FOR UPDATE", [f"msg_{first}"])
            found = _claim(database)
    finally:
        holder.close()

    assert found is not None
    assert found.request_id == second
