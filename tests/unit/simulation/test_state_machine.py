"""Clients, programs and mishaps in any order, over servers in memory: every promise holds after each step."""

from __future__ import annotations

from pathlib import Path

from fakes.manual_clock import ManualClock
from fakes.memory_database import MemoryDatabase
from fakes.memory_store import MemoryBlobStore
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from simulation.machine import ServiceMachine
from simulation.world import SECRET, World


def test_any_order_of_calls_and_faults_keeps_every_promise(tmp_path: Path) -> None:
    (tmp_path / "default").write_text(SECRET)

    class InMemory(ServiceMachine):
        def make_world(self) -> World:
            clock = ManualClock()
            return World(MemoryDatabase(), MemoryBlobStore(clock), clock, tmp_path)

    run_state_machine_as_test(InMemory, settings=settings(InMemory.TestCase.settings, max_examples=250))
