"""Patience runs a call again while the other side is away, no longer than it was told to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from imagebatch.model.errors import NotFound, Unavailable
from imagebatch.store.patience import Patience


class SteppingClock:
    """A fake clock that only sleeping moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Flaky:
    """Unavailable until the clock shows `until`."""

    def __init__(self, clock: SteppingClock, until: float) -> None:
        self.clock, self.until, self.calls = clock, until, 0

    def __call__(self) -> str:
        self.calls += 1
        if self.clock.seconds < self.until:
            raise Unavailable("gone", dependency="store")
        return "there"


def test_run_when_the_store_comes_back_in_time_returns():
    clock = SteppingClock()
    assert Patience(600, clock).run(Flaky(clock, until=120)) == "there"


def test_run_when_away_for_two_minutes_asks_seldom():
    clock = SteppingClock()
    flaky = Flaky(clock, until=120)
    Patience(600, clock).run(flaky)
    assert flaky.calls < 30


def test_run_when_patience_ends_raises_within_its_time():
    clock = SteppingClock()
    with pytest.raises(Unavailable):
        Patience(60, clock).run(Flaky(clock, until=1_000))
    assert clock.seconds <= 60


def test_run_without_patience_asks_once():
    clock = SteppingClock()
    flaky = Flaky(clock, until=1)
    with pytest.raises(Unavailable):
        Patience(0, clock).run(flaky)
    assert flaky.calls == 1


def test_run_when_the_answer_is_no_does_not_ask_again():
    clock = SteppingClock()

    def missing() -> None:
        raise NotFound("no such key")

    with pytest.raises(NotFound):
        Patience(600, clock).run(missing)
    assert clock.seconds == 0
