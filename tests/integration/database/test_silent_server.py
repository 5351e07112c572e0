"""A server that was stopped (SIGSTOP) neither answers nor closes: calls end all the same, and go on afterwards."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.open_folder import open_folder
from support.sample_batches import NOON, ROWS, RUNNING, end, new_batch, progress, slots
from support.standstill import Standstill
from support.stored_batches import accepted, finished
from support.waiting import eventually

from imagebatch.database import watch
from imagebatch.database.postgres import PostgresDatabase
from imagebatch.model.errors import Unavailable
from imagebatch.model.results import Outcome
from imagebatch.ports import ProductRow, SettledSlot
from imagebatch.settings import DatabaseSettings
from imagebatch_embedded.postgres_server import PostgresServer
from imagebatch_embedded.processes import free_port
from imagebatch_migrations import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_SECONDS = 60.0
SILENCE_SECONDS = 60.0  # soon over by a standstill's clock; no server that runs is silent for so long
PATIENCE_SECONDS = 60.0  # the silence, then five seconds for a new connection that is not answered either


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server for this file, which stops and continues it."""
    with open_folder() as folder:
        made = PostgresServer(folder, free_port())
        try:
            made.start()
            made.wait_ready(START_SECONDS)
            upgrade(made.url())
            yield made
        finally:
            made.stop()


@pytest.fixture
def standstill(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Standstill:
    """Of that server, and the clock of those that wait for it."""
    made = Standstill(server)
    monkeypatch.setattr(watch, "time", made)
    return made


@pytest.fixture
def silent(server: PostgresServer, standstill: Standstill) -> Iterator[PostgresDatabase]:
    """The database of that server, which goes on at the test's end."""
    limits = {"silence_seconds": SILENCE_SECONDS, "bulk_silence_seconds": 2 * SILENCE_SECONDS}
    with PostgresDatabase(DatabaseSettings(server.url()), **limits) as made:
        made.batches.check()
        yield made
        standstill.end()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[watch.Wait]:
    """Every look at a wait that the watch has taken."""
    taken: list[watch.Wait] = []
    is_overdue = watch.Wait.overdue.fget

    def overdue(wait: watch.Wait) -> bool:
        said = is_overdue(wait)
        taken.append(wait)
        return said

    monkeypatch.setattr(watch.Wait, "overdue", property(overdue))
    return taken


@contextmanager
def unavailable() -> Iterator[None]:
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        yield
    assert caught.value.code == "database_unavailable"
    assert time.monotonic() - started < PATIENCE_SECONDS


def rows_until(event: Callable[[], None]) -> Iterator[ProductRow]:
    """Rows of many bytes, more than the connection's buffers take, with something that happens among them."""
    for number in range(4_000):
        if number == 100:
            event()
        yield ProductRow(number, str(number), "x" * 10_000, ["https://img.example/1.jpg"])


def test_a_call_when_the_server_is_silent_is_unavailable_and_works_again_afterwards(
    silent: PostgresDatabase, standstill: Standstill
) -> None:
    request_id = accepted(silent)
    standstill.begin()
    with unavailable():
        silent.batches.get(request_id)
    with unavailable():
        silent.batches.record_progress(request_id, RUNNING, progress(1), NOON)

    standstill.end()
    assert silent.batches.get(request_id).request_id == request_id


def test_an_acceptance_when_the_server_falls_silent_among_its_rows_is_unavailable_and_can_be_made_again(
    silent: PostgresDatabase, standstill: Standstill
) -> None:
    batch = new_batch()
    with unavailable():
        silent.batches.accept(batch, rows_until(standstill.begin))

    standstill.end()
    silent.batches.accept(batch, ROWS)
    assert silent.batches.get(batch.request_id).request_id == batch.request_id


def test_an_end_when_the_server_falls_silent_after_its_slots_is_unavailable_and_can_be_written_again(
    silent: PostgresDatabase, standstill: Standstill
) -> None:
    request_id = accepted(silent)

    def last_words() -> Iterator[SettledSlot]:
        yield from slots()
        standstill.begin()

    with unavailable():
        silent.batches.finish(request_id, end(), last_words())

    standstill.end()
    silent.batches.finish(request_id, end(), slots())
    assert silent.batches.get(request_id).status.is_final


def test_outcomes_when_the_server_falls_silent_while_they_are_read_are_unavailable(
    silent: PostgresDatabase, standstill: Standstill
) -> None:
    bad = Outcome(0, "https://img.example/0.jpg", 1, code="timeout", message="timeout")
    settled = [SettledSlot(number, 0, replace(bad, index=number), None) for number in range(3_000)]
    reading = silent.listings.outcomes(finished(silent, settled=settled))
    assert next(reading).index == 0
    standstill.begin()

    with unavailable():
        list(reading)


def test_the_settle_lock_when_the_server_falls_silent_is_let_go_without_waiting_for_it(
    silent: PostgresDatabase, standstill: Standstill
) -> None:
    started = time.monotonic()
    with silent.batches.settling(accepted(silent)) as mine:
        assert mine
        standstill.begin()
    assert time.monotonic() - started < PATIENCE_SECONDS


def test_rows_when_their_source_is_slow_are_waited_for(
    silent: PostgresDatabase, standstill: Standstill, looks: list[watch.Wait]
) -> None:
    def slow() -> None:
        standstill.pass_by(6 * SILENCE_SECONDS)
        before = len(looks)
        eventually(lambda: len(looks) > before + 1, 60, "a look at the wait that began after that")

    batch = new_batch()
    silent.batches.accept(batch, rows_until(slow))

    assert silent.batches.get(batch.request_id).request_id == batch.request_id


def test_a_database_when_closed_leaves_no_thread_and_can_be_used_again(silent: PostgresDatabase) -> None:
    def watching() -> int:
        return sum(thread.name == "database-watch" for thread in threading.enumerate())

    others = watching() - 1
    silent.close()
    assert watching() == others
    silent.batches.check()
    assert watching() == others + 1
