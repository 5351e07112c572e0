"""The API as a process over a real Postgres and a real S3, and the same over addresses where nothing answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.api_process import ApiProcess

from imagebatch.database.postgres import PostgresDatabase
from imagebatch.settings import DatabaseSettings
from imagebatch.store import S3BlobStore
from imagebatch_embedded.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from imagebatch.settings import StoreSettings

LINK_SECRET = "a secret for links"


@pytest.fixture
def environment(migrated_database_url: str, bucket_settings: StoreSettings) -> dict[str, str]:
    return {
        "IMAGEBATCH_DATABASE_URL": migrated_database_url,
        "IMAGEBATCH_S3_ENDPOINT": bucket_settings.s3_endpoint,
        "IMAGEBATCH_S3_ACCESS_KEY": bucket_settings.s3_access_key,
        "IMAGEBATCH_S3_SECRET_KEY": bucket_settings.s3_secret_key,
        "IMAGEBATCH_S3_BUCKET": bucket_settings.s3_bucket,
        "IMAGEBATCH_S3_PREFIX": bucket_settings.s3_prefix,
        "IMAGEBATCH_LINK_SECRET": LINK_SECRET,
    }


@pytest.fixture
def api(environment: dict[str, str], tmp_path: Path) -> Iterator[ApiProcess]:
    with ApiProcess(environment, free_port(), tmp_path / "api.log") as process:
        yield process


@pytest.fixture
def database(migrated_database_url: str) -> Iterator[PostgresDatabase]:
    with PostgresDatabase(DatabaseSettings(migrated_database_url)) as opened:
        yield opened


@pytest.fixture
def store(bucket_settings: StoreSettings) -> S3BlobStore:
    return S3BlobStore(bucket_settings)
