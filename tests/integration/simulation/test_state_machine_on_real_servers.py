"""The same clients, programs and mishaps over a real Postgres and a real S3: fewer of them, and in bounded time."""

from __future__ import annotations

import uuid
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import psycopg2
from fakes.manual_clock import ManualClock
from fixtures.servers import S3Server
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from simulation.machine import ServiceMachine, something_happened
from simulation.store import PlayedTimeStore
from simulation.world import SECRET, World

from imagebatch.database.postgres import PostgresDatabase
from imagebatch.settings import DatabaseSettings

EXAMPLES, STEPS = 30, 40


def empty(database_url: str) -> None:
    """Remove all requests of the run before."""
    with closing(psycopg2.connect(database_url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE file_processing CASCADE")


def test_any_order_of_calls_and_faults_on_real_servers_keeps_every_promise(
    migrated_database_url: str, s3_server: S3Server, tmp_path: Path
) -> None:
    (tmp_path / "default").write_text(SECRET)

    with PostgresDatabase(DatabaseSettings(migrated_database_url)) as database:

        class OnRealServers(ServiceMachine):
            happened: ClassVar[Counter[str]] = Counter()

            def make_world(self) -> World:
                empty(migrated_database_url)
                clock = ManualClock(datetime.now(UTC))
                store = PlayedTimeStore(s3_server.settings(s3_server.bucket, f"test-{uuid.uuid4().hex}/"), clock)
                return World(database, store, clock, tmp_path)

        few = settings(
            OnRealServers.TestCase.settings,
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
        )
        run_state_machine_as_test(OnRealServers, settings=few)
        something_happened(OnRealServers.happened)
