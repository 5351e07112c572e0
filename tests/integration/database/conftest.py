"""A database of the project's own kind for each test, and a connection to look behind its back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg2
import pytest

from imagebatch.database.postgres import PostgresDatabase
from imagebatch.settings import DatabaseSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg2.extensions import connection as RawConnection  # noqa: N812 - a class in spite of its name


@pytest.fixture
def database(migrated_database_url: str) -> Iterator[PostgresDatabase]:
    """The database of one program."""
    with PostgresDatabase(DatabaseSettings(migrated_database_url)) as made:
        yield made


@pytest.fixture
def other_database(migrated_database_url: str) -> Iterator[PostgresDatabase]:
    """The same database as another program has it."""
    with PostgresDatabase(DatabaseSettings(migrated_database_url)) as made:
        yield made


@pytest.fixture
def raw(migrated_database_url: str) -> Iterator[RawConnection]:
    """A connection of psycopg2 that commits each statement."""
    connection = psycopg2.connect(migrated_database_url)
    connection.autocommit = True
    yield connection
    connection.close()


@pytest.fixture
def ask(raw: RawConnection) -> Callable[..., list[tuple[object, ...]]]:
    """Run a statement and return its rows, if it has any."""

    def run(statement: str, *values: object) -> list[tuple[object, ...]]:
        with raw.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    return run
