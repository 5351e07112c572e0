"""What revision 0002 does to a database that was in use, also by programs that know only 0001."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import psycopg2
import pytest

from imagebatch.database.postgres import PostgresDatabase
from imagebatch.model.names import retry_id
from imagebatch.settings import DatabaseSettings
from imagebatch_migrations import downgrade, upgrade

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class in spite of its name

BEFORE = "0001"
REQUEST_ID = str(uuid.uuid4())
REQUEST = """
INSERT INTO file_processing (request_id, owner, processing_status, reason, message, spec, parallelism, source_sha256,
  has_result, total, succeeded, created_at, updated_at, finished_at)
VALUES (%s, 'alice', 'Completed', 'AllSucceeded', 'Done.', '{}', 4, 'ab', true, 3, 3, now(), now(), now())
RETURNING file_id
"""
IMAGE = """
INSERT INTO images (file_id, row_number, position, image_index, url, output_url, code, attempts, milliseconds,
  kept_original)
VALUES (%s, %s, 0, %s, 'https://img.example/1.jpg', %s, %s, 1, 1, false)
"""
LINKS = [
    "https://images.example/results/x/images/0.jpg?t=AbC-_1",
    "https://cdn.example/images/requests/x/images/1.webp",
    None,
]
NAMES = ["0.jpg", "1.webp", None]


@pytest.fixture
def cursor(database_url: str) -> Cursor:
    """A cursor on a database of revision 0001 that commits each statement."""
    upgrade(database_url, BEFORE)
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    with connection.cursor() as made:
        yield made
    connection.close()


def settled_by_an_older_version(cursor: Cursor) -> None:
    cursor.execute(REQUEST, [REQUEST_ID])
    file_id = cursor.fetchone()[0]
    for number, link in enumerate(LINKS):
        cursor.execute(IMAGE, [file_id, number, number, link, None if link else "timeout"])


def names_read(database_url: str) -> list[str | None]:
    with PostgresDatabase(DatabaseSettings(database_url)) as database:
        return [outcome.name for outcome in database.listings.outcomes(REQUEST_ID)]


def test_outputs_when_they_are_there_already_get_the_name_in_their_link(database_url: str, cursor: Cursor) -> None:
    settled_by_an_older_version(cursor)
    upgrade(database_url)

    cursor.execute("SELECT output_name, output_request_id FROM images ORDER BY row_number")
    assert cursor.fetchall() == [(name, None) for name in NAMES]
    assert names_read(database_url) == NAMES


def test_outputs_when_an_older_version_settles_them_later_are_read_with_their_names(
    database_url: str, cursor: Cursor
) -> None:
    upgrade(database_url)
    settled_by_an_older_version(cursor)

    assert names_read(database_url) == NAMES


def test_a_retry_when_taken_back_and_forth_still_holds_its_parent_and_its_images(
    database_url: str, cursor: Cursor
) -> None:
    upgrade(database_url)
    cursor.execute(REQUEST, [REQUEST_ID])
    retry = retry_id(REQUEST_ID)
    cursor.execute(REQUEST, [retry])
    file_id = cursor.fetchone()[0]
    cursor.execute("UPDATE file_processing SET retry_of = %s WHERE request_id = %s", [REQUEST_ID, retry])
    for number, owner in enumerate((REQUEST_ID, retry)):
        link = f"https://images.example/results/{owner}/images/{number}.jpg?t=AbC-_1"
        cursor.execute(IMAGE, [file_id, number, number, link, None])
    downgrade(database_url, BEFORE)
    upgrade(database_url)

    with PostgresDatabase(DatabaseSettings(database_url)) as database:
        assert database.batches.get(retry).retry_of == REQUEST_ID
        assert database.batches.get(REQUEST_ID).retry_of is None
        outcomes = [(each.request_id, each.name) for each in database.listings.outcomes(retry)]
    assert outcomes == [(REQUEST_ID, "0.jpg"), (None, "1.jpg")]


def test_a_database_in_use_when_taken_back_and_forth_keeps_its_requests(database_url: str, cursor: Cursor) -> None:
    upgrade(database_url)
    settled_by_an_older_version(cursor)
    cursor.execute(REQUEST, [str(uuid.uuid4())])
    downgrade(database_url, BEFORE)
    upgrade(database_url)

    cursor.execute("SELECT count(*), count(retry_of) FROM file_processing")
    assert cursor.fetchone() == (2, 0)
    assert names_read(database_url) == NAMES


@pytest.mark.parametrize("again", ["(id)", "(singleton, id)"])
def test_an_installation_when_a_second_is_written_is_refused(ask: Callable[..., list], again: str) -> None:
    values = "(gen_random_uuid())" if again == "(id)" else "(false, gen_random_uuid())"
    with pytest.raises(psycopg2.IntegrityError):
        ask(f"INSERT INTO installation {again} VALUES {values}")

    assert ask("SELECT count(*) FROM installation") == [(1,)]


def test_a_parent_when_removed_by_hand_before_its_retry_is_refused(ask: Callable[..., list]) -> None:
    parent = str(uuid.uuid4())
    ask(REQUEST, parent)
    ask(REQUEST, str(uuid.uuid4()))
    ask("UPDATE file_processing SET retry_of = %s WHERE request_id <> %s", parent, parent)

    with pytest.raises(psycopg2.errors.RestrictViolation):
        ask("DELETE FROM file_processing WHERE request_id = %s", parent)
