"""The queue's workers: one at a time per id, again when told, after failures later."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from support.waiting import eventually

from imagebatch.model.errors import Unavailable
from imagebatch_operator.work_queue import WorkQueue

Work = Callable[[str], float | None]


@contextmanager
def running(work: Work, workers: int = 2) -> Iterator[WorkQueue]:
    queue = WorkQueue(work, workers=workers, jitter=lambda: 0.0)
    queue.start()
    yield queue
    assert queue.stop(timeout_seconds=10)


def test_add_of_several_ids_works_on_each() -> None:
    seen: list[str] = []
    with running(seen.append) as queue:
        for request_id in "abc":
            queue.add(request_id)
        eventually(lambda: sorted(seen) == ["a", "b", "c"])


def test_add_while_it_is_worked_on_waits_for_the_end_and_comes_again() -> None:
    entered, leave = threading.Semaphore(0), threading.Semaphore(0)
    at_work: list[int] = []
    inside = 0

    def work(_: str) -> None:
        nonlocal inside
        inside += 1
        at_work.append(inside)
        entered.release()
        leave.acquire()
        inside -= 1

    with running(work) as queue:
        queue.add("a")
        assert entered.acquire(timeout=10)
        queue.add("a")
        queue.add("a")
        leave.release(2)
        eventually(lambda: len(at_work) == 2)
        assert entered.acquire(timeout=10)
    assert at_work == [1, 1]


def test_work_that_names_a_time_is_done_again_then() -> None:
    answers = iter([0.01, 0.01, None])
    seen: list[str] = []

    def work(request_id: str) -> float | None:
        seen.append(request_id)
        return next(answers)

    with running(work) as queue:
        queue.add("a")
        eventually(lambda: len(seen) == 3)


@pytest.mark.parametrize("error", [Unavailable("gone", dependency="store"), RuntimeError("a bug")])
def test_work_that_fails_is_tried_again_and_does_not_stop_the_others(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    def work(request_id: str) -> None:
        seen.append(request_id)
        if request_id == "bad" and seen.count("bad") == 1:
            raise error

    with caplog.at_level(logging.WARNING), running(work, workers=1) as queue:
        queue.add("bad")
        queue.add("good")
        eventually(lambda: seen == ["bad", "good", "bad"])
    assert "trying again in 0.2 s" in caplog.text


def test_stop_while_work_is_being_done_waits_for_it() -> None:
    entered, leave, ended = threading.Event(), threading.Event(), threading.Event()

    def work(_: str) -> None:
        entered.set()
        leave.wait(10)
        ended.set()

    queue = WorkQueue(work, workers=1)
    queue.start()
    queue.add("a")
    assert entered.wait(10)
    assert not queue.stop(timeout_seconds=0)
    leave.set()
    assert queue.stop(timeout_seconds=10)
    assert ended.is_set()


def test_stop_with_ids_waiting_leaves_them() -> None:
    seen: list[str] = []
    queue = WorkQueue(seen.append, workers=1)
    queue.start()
    queue.add("a", delay_seconds=3600)
    assert queue.stop(timeout_seconds=10)
    assert seen == []
