"""What revision 0003 does to a database with a request at work, also by programs that know only 0002."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg2
import pytest

from imagebatch.database.postgres import PostgresDatabase
from imagebatch.settings import DatabaseSettings
from imagebatch_migrations import downgrade, upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class in spite of its name

    from imagebatch.model.batch import Batch

BEFORE = "0002"
REQUEST_ID = str(uuid.uuid4())
REQUEST = """
INSERT INTO file_processing (request_id, owner, processing_status, reason, message, spec, parallelism, source_sha256,
  total, succeeded, created_at, updated_at)
VALUES (%s, 'alice', 'Processing', 'Running', '1 of 3 images are done.', '{}', 4, 'ab', 3, 1, now(), now())
"""


@pytest.fixture
def cursor(database_url: str) -> Iterator[Cursor]:
    """A cursor on a database of revision 0002 that commits each statement."""
    upgrade(database_url, BEFORE)
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    with connection.cursor() as made:
        yield made
    connection.close()


def read(database_url: str) -> Batch:
    with PostgresDatabase(DatabaseSettings(database_url)) as database:
        return database.batches.get(REQUEST_ID)


def rest(database_url: str, seconds: float) -> None:
    """Let the request rest for so long."""
    now = datetime.now(UTC)
    with PostgresDatabase(DatabaseSettings(database_url)) as database:
        for suspend, after in ((True, 0.0), (False, seconds)):
            at = now + timedelta(seconds=after)
            database.batches.record_intent(REQUEST_ID, at, suspend=suspend, parallelism=4)


def test_a_request_at_work_when_upgraded_has_never_rested(database_url: str, cursor: Cursor) -> None:
    cursor.execute(REQUEST, [REQUEST_ID])
    upgrade(database_url)

    found = read(database_url)
    assert (found.suspended_at, found.suspended_seconds, found.progress.counts.succeeded) == (None, 0.0, 1)


def test_a_request_when_an_older_version_accepts_it_later_has_never_rested(database_url: str, cursor: Cursor) -> None:
    upgrade(database_url)
    cursor.execute(REQUEST, [REQUEST_ID])

    found = read(database_url)
    assert (found.suspended_at, found.suspended_seconds) == (None, 0.0)


def test_a_request_that_rested_when_taken_back_and_forth_goes_on(database_url: str, cursor: Cursor) -> None:
    upgrade(database_url)
    cursor.execute(REQUEST, [REQUEST_ID])
    rest(database_url, 90)
    before = read(database_url)
    assert before.suspended_seconds == 90

    downgrade(database_url, BEFORE)
    cursor.execute("SELECT column_name FROM information_schema.columns WHERE column_name LIKE 'suspended%'")
    assert cursor.fetchall() == []
    upgrade(database_url)

    after = read(database_url)
    assert (after.verdict, after.progress, after.intent) == (before.verdict, before.progress, before.intent)
    assert (after.suspended_at, after.suspended_seconds) == (None, 0.0)
    rest(database_url, 30)
    assert read(database_url).suspended_seconds == 30
