"""Ids wait in order of time, each once."""

from __future__ import annotations

import pytest

from imagebatch_operator.work_queue import LONGEST_BACK_OFF_SECONDS, WaitingIds, back_off_seconds


def taken(waiting: WaitingIds, now: float) -> list[str]:
    found = []
    while (due := waiting.take(now)) is not None:
        found.append(due[0])
    return found


def test_take_when_several_are_due_gives_the_longest_due_first() -> None:
    waiting = WaitingIds()
    waiting.add("b", 2.0)
    waiting.add("a", 1.0)
    waiting.add("c", 3.0)
    assert taken(waiting, 2.5) == ["a", "b"]
    assert waiting.next_due() == 3.0


def test_add_when_it_waits_already_keeps_the_earlier_time_once() -> None:
    waiting = WaitingIds()
    waiting.add("a", 5.0)
    waiting.add("a", 1.0)
    waiting.add("a", 3.0)
    assert taken(waiting, 9.0) == ["a"]
    assert waiting.next_due() is None


def test_add_after_it_was_taken_lets_it_wait_anew() -> None:
    waiting = WaitingIds()
    waiting.add("a", 5.0)
    waiting.add("a", 1.0)
    taken(waiting, 1.0)
    waiting.add("a", 7.0)
    assert waiting.next_due() == 7.0
    assert taken(waiting, 6.0) == []


@pytest.mark.parametrize(("failures", "longest"), [(1, 0.5), (2, 1.0), (5, 8.0), (9, 60.0), (10_000, 60.0)])
def test_back_off_for_failures_in_a_row_doubles_up_to_its_limit(failures: int, longest: float) -> None:
    assert back_off_seconds(failures, jitter=1.0) == longest <= LONGEST_BACK_OFF_SECONDS
    assert back_off_seconds(failures, jitter=0.0) == longest / 2
