"""Bytes in flight: bounded, first come first served."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from support.waiting import eventually

from imagebatch_processor.memory_budget import MemoryBudget


def test_hold_when_more_than_all_is_asked_then_all_is_held() -> None:
    with MemoryBudget(100).hold(1_000) as held:
        assert held == 100


def test_hold_when_many_threads_then_the_sum_never_exceeds_the_total() -> None:
    budget, guard, in_use, peaks = MemoryBudget(100), threading.Lock(), [0], [0]

    def work(size: int) -> None:
        with budget.hold(size) as held:
            with guard:
                in_use[0] += held
                peaks.append(in_use[0])
            with guard:
                in_use[0] -= held

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, [30, 60, 100, 10] * 100))
    assert max(peaks) <= 100
    assert in_use == [0]


def test_hold_when_a_large_one_waits_then_a_later_small_one_does_not_overtake() -> None:
    budget, order = MemoryBudget(100), list[str]()

    def work(name: str, size: int) -> None:
        with budget.hold(size):
            order.append(name)

    with ThreadPoolExecutor(2) as threads:
        with budget.hold(50):
            large = threads.submit(work, "large", 100)
            eventually(lambda: len(budget._waiting) == 1)
            small = threads.submit(work, "small", 1)
            eventually(lambda: len(budget._waiting) == 2)
            assert order == []
        large.result(timeout=10)
        small.result(timeout=10)
    assert order == ["large", "small"]
