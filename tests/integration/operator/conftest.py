"""A settler over a real Postgres and a real S3."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fakes.memory_jobs import MemoryRegistry
from support.stored_desk import StoredDesk

from imagebatch.clock import SystemClock
from imagebatch.database.postgres import PostgresDatabase
from imagebatch.metrics import Metrics
from imagebatch.model.batch import Batch, BatchSpec
from imagebatch.settings import DatabaseSettings, LinkSettings, OperatorSettings, WebhookSettings
from imagebatch.store import S3BlobStore
from imagebatch_operator.housekeeping import Housekeeper
from imagebatch_operator.settle import Settler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagebatch.settings import StoreSettings


@pytest.fixture
def database(migrated_database_url: str) -> Iterator[PostgresDatabase]:
    with PostgresDatabase(DatabaseSettings(migrated_database_url)) as made:
        yield made


@pytest.fixture
def store(bucket_settings: StoreSettings) -> S3BlobStore:
    return S3BlobStore(bucket_settings)


@pytest.fixture
def settler(database: PostgresDatabase, store: S3BlobStore) -> Settler:
    return Settler(
        batches=database.batches,
        store=store,
        links=LinkSettings(link_secret="s3cret"),
        key_name="default",
        clock=SystemClock(),
        metrics=Metrics(),
    )


@pytest.fixture
def operator_settings(migrated_database_url: str, bucket_settings: StoreSettings, tmp_path: Path) -> OperatorSettings:
    (tmp_path / "default").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    return OperatorSettings(
        store=bucket_settings,
        database=DatabaseSettings(migrated_database_url),
        links=LinkSettings(link_secret="s3cret"),
        webhooks=WebhookSettings(webhook_keys_dir=str(tmp_path)),
    )


@pytest.fixture
def housekeeper(database: PostgresDatabase, store: S3BlobStore, operator_settings: OperatorSettings) -> Housekeeper:
    return Housekeeper(
        batches=database.batches,
        archive=database.archive,
        store=store,
        registry=MemoryRegistry(),
        settings=operator_settings,
        clock=SystemClock(),
        metrics=Metrics(),
    )


@pytest.fixture
def desk(database: PostgresDatabase, store: S3BlobStore, settler: Settler) -> StoredDesk:
    return StoredDesk(database, store, settler)


@pytest.fixture
def parent(desk: StoredDesk) -> Batch:
    """Four images in six slots; 1 and 3 failed."""
    return desk.end(desk.accept(BatchSpec()), 1, 3)
