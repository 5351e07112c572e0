"""The ledger: parts as results come, the results file last and once, and what was finished is not done again."""

from __future__ import annotations

import pytest
from fakes.memory_store import MemoryBlobStore

from imagebatch.model import names
from imagebatch.model.results import Outcome, part_from_bytes, results_from_bytes
from imagebatch_processor.ledger import Ledger

REQUEST = "11111111-1111-4111-8111-111111111111"


def outcome(index: int, code: str | None = None) -> Outcome:
    return Outcome(index=index, url=f"https://shop.example/{index}", slots=1, name=f"{index}.jpg", code=code)


@pytest.fixture
def store() -> MemoryBlobStore:
    return MemoryBlobStore()


def part_keys(store: MemoryBlobStore) -> list[str]:
    return [info.key for info in store.list(names.parts_prefix(REQUEST, 0))]


def test_begin_writes_a_first_part_without_outcomes(store: MemoryBlobStore):
    Ledger(store, REQUEST, 0).begin()
    (key,) = part_keys(store)
    assert part_from_bytes(store.get(key)).outcomes == ()


def test_flush_writes_only_what_is_new_and_changes_no_part(store: MemoryBlobStore):
    ledger = Ledger(store, REQUEST, 0)
    ledger.begin()
    ledger.add(outcome(0))
    ledger.flush()
    before = {key: store.get(key) for key in part_keys(store)}
    ledger.add(outcome(1))
    ledger.flush()
    assert before.items() <= {key: store.get(key) for key in part_keys(store)}.items()
    assert part_from_bytes(store.get(part_keys(store)[-1])).outcomes == (outcome(1),)


def test_flush_when_nothing_is_new_writes_nothing(store: MemoryBlobStore):
    ledger = Ledger(store, REQUEST, 0)
    ledger.begin()
    ledger.flush()
    assert len(part_keys(store)) == 1


def test_begin_after_an_attempt_that_died_tells_what_it_finished(store: MemoryBlobStore):
    first = Ledger(store, REQUEST, 0)
    first.begin()
    first.add(outcome(3))
    first.add(outcome(4, code="http_404"))
    first.flush()
    first.add(outcome(5))  # dies before the flush
    second = Ledger(store, REQUEST, 0)
    assert second.begin().done.keys() == {3, 4}


def test_finish_after_two_attempts_has_every_outcome_once_by_index(store: MemoryBlobStore):
    first = Ledger(store, REQUEST, 0)
    first.begin()
    first.add(outcome(1))
    first.flush()
    second = Ledger(store, REQUEST, 0)
    second.begin()
    second.add(outcome(2))
    second.add(outcome(0))
    second.finish()
    assert results_from_bytes(store.get(names.shard_results_key(REQUEST, 0))) == [outcome(0), outcome(1), outcome(2)]


def test_finish_when_results_are_there_keeps_them(store: MemoryBlobStore):
    late, early = Ledger(store, REQUEST, 0), Ledger(store, REQUEST, 0)
    late.begin()
    early.begin()
    early.add(outcome(0))
    early.finish()
    kept = store.get(names.shard_results_key(REQUEST, 0))
    late.add(outcome(0, code="timeout"))
    late.finish()
    assert store.get(names.shard_results_key(REQUEST, 0)) == kept


def test_two_attempts_at_once_do_not_share_a_part(store: MemoryBlobStore):
    one, other = Ledger(store, REQUEST, 0), Ledger(store, REQUEST, 0)
    one.begin()
    other.begin()
    assert len(part_keys(store)) == 2


def test_flush_when_stopped_says_so(store: MemoryBlobStore):
    ledger = Ledger(store, REQUEST, 0)
    ledger.begin()
    ledger.flush(stopped=True)
    assert part_from_bytes(store.get(part_keys(store)[-1])).stopped


def test_parts_of_another_shard_are_not_read(store: MemoryBlobStore):
    ten = Ledger(store, REQUEST, 10)
    ten.begin()
    ten.add(outcome(100))
    ten.flush()
    assert Ledger(store, REQUEST, 1).begin().done == {}
