"""Whether the watch is alive, told by what sweeps find and it has not told of."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.manual_clock import ManualClock

from imagebatch_operator.watch_health import PATIENCE_SECONDS, WatchHealth

SWEEP_SECONDS = 30.0


def version(number: int, uid: str = "a") -> dict[str, Any]:
    return {"metadata": {"uid": uid, "resourceVersion": str(number)}}


class Watched:
    """A watch and sweeps 30 s apart."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.health = WatchHealth(self.clock.monotonic)

    def sweep(self, *listed: dict[str, Any], told_meanwhile: dict[str, Any] | None = None) -> float:
        self.clock.pass_(SWEEP_SECONDS)
        asked_at = self.clock.monotonic()
        self.clock.pass_(0.1)
        if told_meanwhile is not None:
            self.health.tell(told_meanwhile)
        self.health.compare(listed, asked_at)
        return self.health.silent_seconds()


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_watch_that_told_of_everything_is_not_silent(watched: Watched) -> None:
    watched.health.tell(version(1))
    watched.health.tell(version(2, "b"))
    assert [watched.sweep(version(1), version(2, "b")) for _ in range(9)] == [0.0] * 9


def test_watch_that_tells_nothing_more_is_found_out_within_five_sweeps(watched: Watched) -> None:
    watched.health.tell(version(1))
    silent = [watched.sweep(version(number)) for number in range(2, 7)]
    assert silent == pytest.approx([0, 30.1, 60.2, 90.3, 120.4])
    assert silent[3] > PATIENCE_SECONDS


def test_watch_that_never_told_of_a_new_object_is_found_out(watched: Watched) -> None:
    assert [watched.sweep(version(1)) > 0 for _ in range(3)] == [False, True, True]


def test_watch_that_tells_late_is_not_silent_any_more(watched: Watched) -> None:
    for _ in range(3):
        watched.sweep(version(2))
    watched.health.tell(version(2))
    assert watched.health.silent_seconds() == 0.0
    assert watched.sweep(version(2)) == 0.0


def test_object_that_is_changed_while_the_sweep_looks_does_not_count(watched: Watched) -> None:
    watched.health.tell(version(1))
    for number in range(1, 9):
        assert watched.sweep(version(number), told_meanwhile=version(number + 1)) == 0.0


def test_object_that_is_made_while_the_sweep_looks_does_not_count(watched: Watched) -> None:
    watched.sweep(told_meanwhile=version(1))
    assert [watched.sweep(version(1)) for _ in range(9)] == [0.0] * 9


def test_object_that_is_deleted_while_the_sweep_looks_counts_until_the_next(watched: Watched) -> None:
    watched.health.tell(version(1))
    watched.health.tell(version(1), deleted=True)
    watched.sweep(version(1))
    assert watched.sweep() == 0.0


def test_object_whose_end_nobody_told_of_counts_no_more(watched: Watched) -> None:
    watched.sweep(version(1))
    assert watched.sweep(version(1)) > 0
    assert watched.sweep() == 0.0


def test_sweeps_that_are_not_made_say_nothing_about_the_watch(watched: Watched) -> None:
    watched.sweep(version(1))
    watched.clock.pass_(3_600)
    assert watched.health.silent_seconds() == 0.0
