from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.open_folder import open_folder
from support.sample_batches import NOON, ROWS, RUNNING, end, new_batch, progress, slots

from imagebatch.database.postgres import PostgresDatabase
from imagebatch.model.errors import Unavailable
from imagebatch.settings import DatabaseSettings
from imagebatch_embedded.postgres_server import PostgresServer
from imagebatch_embedded.processes import free_port
from imagebatch_migrations import downgrade, upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from imagebatch.ports import SettledSlot

START_SECONDS = 60.0


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server for one test, which may stop it."""
    with open_folder() as folder:
        server = PostgresServer(folder, free_port())
        try:
            server.start()
            server.wait_ready(START_SECONDS)
            yield server
        finally:
            server.stop()


def _refused(database: PostgresDatabase, request_id: str) -> dict[str, str]:
    """What each call raises, by its name."""
    batches, deliveries, listings, archive = database.batches, database.deliveries, database.listings, database.archive
    alice = frozenset({"alice"})
    calls: dict[str, Callable[[], object]] = {
        "accept": lambda: batches.accept(new_batch(), ROWS),
        "get": lambda: batches.get(request_id),
        "unfinished": batches.unfinished,
        "record_progress": lambda: batches.record_progress(request_id, RUNNING, progress(1), NOON),
        "record_cancel": lambda: batches.record_cancel(request_id),
        "settling": lambda: batches.settling(request_id).__enter__(),
        "finish": lambda: batches.finish(request_id, end(), slots()),
        "wake_ups": lambda: batches.wake_ups(0),
        "check": batches.check,
        "claim": lambda: deliveries.claim(NOON, 60),
        "next_due": deliveries.next_due,
        "attempts": lambda: deliveries.attempts(request_id),
        "state": lambda: deliveries.state(request_id),
        "redeliver": lambda: deliveries.redeliver(request_id, NOON),
        "claiming": lambda: batches.claiming("alice", "k").__enter__(),
        "keyed": lambda: batches.keyed("alice", "k"),
        "newest": lambda: listings.newest(alice),
        "slots": lambda: listings.slots(request_id),
        "outcomes": lambda: next(listings.outcomes(request_id)),
        "mark_deleted": lambda: archive.mark_deleted(request_id, alice, NOON),
        "expire": lambda: archive.expire(NOON, NOON),
        "deleted": archive.deleted,
        "remove": lambda: archive.remove(request_id),
        "known": lambda: archive.known([request_id]),
        "installation_id": archive.installation_id,
    }
    raised = {}
    for name, call in calls.items():
        with pytest.raises(Unavailable) as caught:
            call()
        raised[name] = caught.value.code
    return raised


def test_every_call_when_the_server_stops_is_unavailable_and_works_again_afterwards(
    own_server: PostgresServer,
) -> None:
    upgrade(own_server.url())
    batch = new_batch()
    with PostgresDatabase(DatabaseSettings(own_server.url())) as database:
        database.batches.accept(batch, ROWS)
        database.batches.wake_ups(0)
        own_server.stop()

        assert set(_refused(database, batch.request_id).values()) == {"database_unavailable"}

        own_server.start()
        own_server.wait_ready(START_SECONDS)
        database.batches.check()
        assert database.batches.unfinished() == [batch.request_id]
        assert database.batches.wake_ups(0) == []


def test_connections_when_the_server_cut_them_are_made_anew(
    database: PostgresDatabase, ask: Callable[..., list]
) -> None:
    database.batches.check()
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")

    database.batches.check()


def test_a_database_when_it_is_at_the_newest_schema_passes_the_check(database: PostgresDatabase) -> None:
    database.batches.check()


def test_a_database_when_it_has_no_schema_fails_the_check(database_url: str) -> None:
    with PostgresDatabase(DatabaseSettings(database_url)) as database:
        with pytest.raises(Unavailable, match="schema is at nothing"):
            database.batches.check()
        with pytest.raises(Unavailable, match="schema"):
            database.batches.unfinished()


def test_a_database_when_its_schema_was_taken_back_fails_the_check(
    database: PostgresDatabase, migrated_database_url: str
) -> None:
    downgrade(migrated_database_url, "base")

    with pytest.raises(Unavailable, match="schema is at nothing"):
        database.batches.check()


@pytest.mark.parametrize("revision", ["0004", "9999"])
def test_a_database_when_a_newer_program_migrated_it_passes_the_check(
    database: PostgresDatabase, ask: Callable[..., list], revision: str
) -> None:
    ask("UPDATE alembic_version SET version_num = %s", revision)

    database.batches.check()


@pytest.mark.parametrize("revision", ["0001", "a1b2c3d4"])
def test_a_database_when_its_schema_is_older_or_of_others_fails_the_check(
    database: PostgresDatabase, ask: Callable[..., list], revision: str
) -> None:
    ask("UPDATE alembic_version SET version_num = %s", revision)

    with pytest.raises(Unavailable, match=f"schema is at {revision}, not at .* or newer"):
        database.batches.check()


def test_an_error_of_the_database_when_shown_holds_no_password(own_server: PostgresServer) -> None:
    own_server.stop()
    with (
        PostgresDatabase(DatabaseSettings(own_server.url())) as database,
        pytest.raises(Unavailable) as caught,
    ):
        database.batches.check()

    assert own_server.password not in f"{caught.value!r} {caught.value.__cause__!r}"


def test_an_end_when_the_connection_breaks_while_slots_are_copied_is_unavailable_and_can_be_written_again(
    database: PostgresDatabase, ask: Callable[..., list]
) -> None:
    batch = new_batch()
    database.batches.accept(batch, ROWS)

    def cut_off() -> Iterator[SettledSlot]:
        yield slots()[0]
        ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%%'")
        yield from slots()[1:]

    with pytest.raises(Unavailable):
        database.batches.finish(batch.request_id, end(), cut_off())

    assert database.batches.finish(batch.request_id, end(), slots())
