"""An idempotency key under fire: of many at once one holds it, and what a killed holder leaves is nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import TYPE_CHECKING

from support.sample_batches import ROWS, new_batch
from support.waiting import eventually

from imagebatch.model.errors import Conflict
from imagebatch.ports import IdempotencyKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagebatch.database.postgres import PostgresDatabase

TWENTY = 20
LOCK_HOLDERS = (
    "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database "
    "WHERE locktype = 'advisory' AND granted AND datname = current_database()"
)


def test_a_key_when_twenty_of_two_programs_claim_it_at_once_goes_to_one(
    database: PostgresDatabase, other_database: PostgresDatabase
) -> None:
    together, asked = Barrier(TWENTY), Barrier(TWENTY)

    def claim(number: int) -> bool:
        together.wait(20)
        with (database, other_database)[number % 2].batches.claiming("alice", "k") as mine:
            asked.wait(20)  # nobody lets go before everybody asked
            return mine

    with ThreadPoolExecutor(TWENTY) as threads:
        assert sum(threads.map(claim, range(TWENTY))) == 1


def test_a_key_when_twenty_use_it_unclaimed_at_once_names_one_request(
    database: PostgresDatabase, ask: Callable[..., list]
) -> None:
    together = Barrier(TWENTY)

    def accept(_: int) -> str:
        batch = replace(new_batch(), idempotency=IdempotencyKey("k", "f"))
        together.wait(20)
        try:
            database.batches.accept(batch, ROWS)
        except Conflict as error:
            return error.code
        return batch.request_id

    with ThreadPoolExecutor(TWENTY) as threads:
        answers = list(threads.map(accept, range(TWENTY)))

    assert answers.count("idempotency_key_in_use") == TWENTY - 1
    request_id, _ = database.batches.keyed("alice", "k")
    assert request_id in answers
    assert ask("SELECT count(*) FROM products") == [(len(ROWS),)]


def test_a_key_when_its_holder_is_cut_off_is_free(
    database: PostgresDatabase, other_database: PostgresDatabase, ask: Callable[..., list]
) -> None:
    def free() -> bool:
        with other_database.batches.claiming("alice", "k") as mine:
            return mine

    with database.batches.claiming("alice", "k") as mine:
        assert mine
        assert not free()
        ask(f"SELECT pg_terminate_backend(pid) FROM ({LOCK_HOLDERS}) AS holders")
        assert eventually(free)
