"""A stop asked for by signals, however they come: each case in a process of its own, which would hang for ever."""

from __future__ import annotations

import subprocess
import sys

import pytest

HANG_SECONDS = 20

BEFORE = """
import signal
from imagebatch.stop_signals import stop_event

stop = stop_event([signal.SIGTERM, signal.SIGINT])
assert not stop.is_set()
"""


def ends(program: str) -> None:
    subprocess.run([sys.executable, "-c", BEFORE + program], timeout=HANG_SECONDS, check=True)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_one_signal_sets_the_event(name: str):
    ends(f"signal.raise_signal(signal.{name}); assert stop.wait(10)")


def test_signal_while_the_event_s_lock_is_held_sets_it_afterwards():
    # Where the main thread is for a moment of each wait, and a first signal's handler if it were to set the event.
    ends("with stop._cond: signal.raise_signal(signal.SIGTERM)\nassert stop.wait(10)")


def test_many_signals_at_once_set_it_once():
    ends("for _ in range(1000): signal.raise_signal(signal.SIGTERM)\nassert stop.wait(10)")
