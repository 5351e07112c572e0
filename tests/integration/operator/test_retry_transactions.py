"""While a retry reads its parent's objects, no transaction of the database waits for the store."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest
from support.stored_desk import StoredDesk

from imagebatch.model.batch import Batch
from imagebatch.settings import StoreSettings
from imagebatch.store import S3BlobStore

OPEN = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()"


class WatchingStore(S3BlobStore):
    """A store that counts, whenever a range is asked for, the transactions that are open then."""

    def __init__(self, settings: StoreSettings, connection: psycopg2.extensions.connection) -> None:
        super().__init__(settings)
        self.found: list[int] = []
        self._connection = connection

    def get_range(self, key: str, offset: int, length: int) -> bytes:
        with self._connection.cursor() as cursor:
            cursor.execute(OPEN)
            self.found += [int(count) for (count,) in cursor.fetchall()]
        return super().get_range(key, offset, length)


def test_retry_while_it_reads_from_the_store_holds_no_transaction_open(
    desk: StoredDesk,
    parent: Batch,
    migrated_database_url: str,
    bucket_settings: StoreSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    middle = desk.end(desk.scene(desk.retry(parent)), 3)
    monkeypatch.setattr("imagebatch.reused.RANGE_BYTES", 50)  # many ranges, as of a large batch
    with closing(psycopg2.connect(migrated_database_url)) as connection:
        connection.autocommit = True
        desk.store = WatchingStore(bucket_settings, connection)
        desk.retry(middle)
        assert len(desk.store.found) > 10
        assert set(desk.store.found) == {0}
