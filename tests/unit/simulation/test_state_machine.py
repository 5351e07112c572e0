"""Clients, programs and mishaps in any order, over servers in memory: every promise holds after each step."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import ClassVar

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_database import MemoryDatabase
from fakes.memory_store import MemoryBlobStore
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from simulation.machine import ServiceMachine, something_happened
from simulation.world import SECRET, World


# A failure is made small before it is told, for five minutes at most.
@pytest.mark.timeout(600)
def test_any_order_of_calls_and_faults_keeps_every_promise(tmp_path: Path) -> None:
    (tmp_path / "default").write_text(SECRET)

    class InMemory(ServiceMachine):
        happened: ClassVar[Counter[str]] = Counter()

        def make_world(self) -> World:
            clock = ManualClock()
            return World(MemoryDatabase(), MemoryBlobStore(clock), clock, tmp_path)

    run_state_machine_as_test(InMemory, settings=settings(InMemory.TestCase.settings, max_examples=250))
    something_happened(InMemory.happened)


def test_runs_in_which_nothing_was_accepted_prove_nothing() -> None:
    with pytest.raises(AssertionError):
        something_happened(Counter())
