from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg2
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from imagebatch.database.engine import unpooled_engine
from imagebatch.database.tables import SCHEMA_REVISION
from imagebatch.model.errors import Misconfigured, Unavailable
from imagebatch_embedded.processes import free_port
from imagebatch_migrations import NEWEST, alembic_config, current, downgrade, upgrade

if TYPE_CHECKING:
    from collections.abc import Callable


def _things_in(url: str) -> set[str]:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
                "UNION SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace "
                "UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
            )
            return {name for (name,) in cursor.fetchall()}
    finally:
        connection.close()


def test_migrations_when_run_up_down_and_up_again_leave_nothing_between(database_url: str) -> None:
    upgrade(database_url)
    made = _things_in(database_url)
    downgrade(database_url, "base")
    left = _things_in(database_url)
    upgrade(database_url)

    assert {"file_processing", "products", "images", "webhook_deliveries", "webhook_attempts"} <= made
    assert left <= {"alembic_version", "_alembic_version", "alembic_version_pkc"}
    assert _things_in(database_url) == made


def test_tables_of_the_code_when_compared_with_the_schema_are_the_same(migrated_database_url: str) -> None:
    with unpooled_engine(migrated_database_url).begin() as connection:
        command.check(alembic_config(connection))  # raises on a difference


def test_the_revision_that_the_code_expects_when_compared_is_the_newest(migrated_database_url: str) -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [SCHEMA_REVISION]
    assert current(migrated_database_url) == SCHEMA_REVISION


def test_several_programs_when_they_migrate_at_once_all_succeed(database_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(upgrade, [database_url] * 4))

    assert current(database_url) == SCHEMA_REVISION


def test_a_migration_when_the_server_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        upgrade(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing")


def _say_it_is_at(revision: str, url: str) -> None:
    with unpooled_engine(url).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def test_a_migration_to_the_newest_when_the_schema_is_newer_than_the_code_leaves_it(
    migrated_database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    _say_it_is_at("9999", migrated_database_url)
    before = _things_in(migrated_database_url)

    upgrade(migrated_database_url)

    assert current(migrated_database_url) == "9999"
    assert _things_in(migrated_database_url) == before
    assert f"the schema is at 9999, newer than {SCHEMA_REVISION}" in caplog.text


@pytest.mark.parametrize(("revision", "change"), [("9999", downgrade), ("9999", upgrade), ("a1b2c3d4", upgrade)])
def test_a_migration_from_a_revision_that_is_unknown_says_so(
    migrated_database_url: str, revision: str, change: Callable[[str, str], None]
) -> None:
    _say_it_is_at(revision, migrated_database_url)

    with pytest.raises(Misconfigured, match=f"'{revision}'"):
        change(migrated_database_url, NEWEST if revision != "9999" else "0001")


def _run(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "imagebatch_migrations", *arguments],
        env={**os.environ, "IMAGEBATCH_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_program_when_run_by_hand_goes_up_and_down(database_url: str) -> None:
    outputs = [_run(database_url, *words).stdout for words in ((), ("downgrade", "base"), ("upgrade",), ("current",))]

    newest, empty = f"schema revision: {SCHEMA_REVISION}\n", "schema revision: base\n"
    assert outputs == [newest, empty, newest, newest]


def test_the_program_when_the_revision_is_unknown_says_so_and_fails(database_url: str) -> None:
    ran = _run(database_url, "downgrade", "9999")

    assert ran.returncode == 1
    assert "9999" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_program_when_the_schema_is_newer_says_so_and_succeeds(migrated_database_url: str) -> None:
    _say_it_is_at("9999", migrated_database_url)

    ran = _run(migrated_database_url)

    assert (ran.returncode, ran.stdout) == (0, "schema revision: 9999\n")
    assert "newer" in ran.stderr
