"""The databases that the contract suites run over: in memory and Postgres."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes.memory_database import MemoryDatabase

from imagebatch.database.postgres import PostgresDatabase
from imagebatch.settings import DatabaseSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stored_batches import Database


@pytest.fixture(params=["memory", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database."""
    if request.param == "memory":
        yield MemoryDatabase()
        return
    with PostgresDatabase(DatabaseSettings(request.getfixturevalue("migrated_database_url"))) as made:
        yield made
