"""Request ids waiting to be looked at: each once, never two workers on one, failures after a back-off.

Put together by main; fed by the sweep, by notifications and, on a cluster, by watch events.
"""

from __future__ import annotations

import heapq
import logging
import random
import threading
from typing import TYPE_CHECKING

from imagebatch.clock import SystemClock
from imagebatch.model.errors import Unavailable
from imagebatch.telemetry import about

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagebatch.ports import Clock

FIRST_BACK_OFF_SECONDS = 0.5
LONGEST_BACK_OFF_SECONDS = 60.0

log = logging.getLogger(__name__)


class WaitingIds:
    """Ids by when they are due, each once. Not for several threads; time is the caller's."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def add(self, request_id: str, due: float) -> None:
        """Put an id in; of two times the earlier counts."""
        if due < self._due.get(request_id, float("inf")):
            self._due[request_id] = due
            heapq.heappush(self._heap, (due, request_id))

    def take(self, now: float) -> tuple[str, float] | None:
        """Take the id that has been due longest and return it with that time, None when none is."""
        self._drop_outdated()
        if not self._heap or self._heap[0][0] > now:
            return None
        due, request_id = heapq.heappop(self._heap)
        del self._due[request_id]
        return request_id, due

    def next_due(self) -> float | None:
        """Return when the next id is due, None when there is none."""
        self._drop_outdated()
        return self._heap[0][0] if self._heap else None

    def overdue(self, now: float) -> int:
        """Return how many ids are due."""
        return sum(due <= now for due in self._due.values())

    def _drop_outdated(self) -> None:
        """Drop entries that an earlier time replaced."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)


def back_off_seconds(failures: int, jitter: float) -> float:
    """Return the wait after `failures` failures in a row; `jitter` in 0 … 1 spreads it over its upper half."""
    longest = min(LONGEST_BACK_OFF_SECONDS, FIRST_BACK_OFF_SECONDS * 2 ** min(failures - 1, 16))
    return float(longest * (0.5 + jitter / 2))


class WorkQueue:
    """Worker threads over waiting ids. `work` returns in how many seconds to look at the id again, or None.

    `on_late` is told of every id how many seconds it was due before its turn came.
    """

    def __init__(
        self,
        work: Callable[[str], float | None],
        *,
        workers: int,
        clock: Clock | None = None,
        jitter: Callable[[], float] = random.random,
        on_late: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._work = work
        self._on_late = on_late
        self._clock = clock or SystemClock()
        self._jitter = jitter
        self._waiting = WaitingIds()
        self._at_work: set[str] = set()
        self._added_meanwhile: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._threads = [threading.Thread(target=self._run, name=f"worker-{n}", daemon=True) for n in range(workers)]

    def start(self) -> None:
        """Start the workers."""
        for thread in self._threads:
            thread.start()

    def add(self, request_id: str, delay_seconds: float = 0.0) -> None:
        """Have an id looked at; one that is being worked on gets its turn again afterwards."""
        with self._changed:
            self._add(request_id, self._clock.monotonic() + delay_seconds)
            self._changed.notify()

    def is_alive(self) -> bool:
        """Return whether every worker runs."""
        return all(thread.is_alive() for thread in self._threads)

    def overdue(self) -> int:
        """Return how many ids are due and wait for a worker."""
        with self._changed:
            return self._waiting.overdue(self._clock.monotonic())

    def stop(self, timeout_seconds: float) -> bool:
        """Let the workers finish what they are at; return whether all did within the time."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        give_up_at = self._clock.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(0.0, give_up_at - self._clock.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _add(self, request_id: str, due: float) -> None:
        if request_id in self._at_work:
            self._added_meanwhile[request_id] = min(due, self._added_meanwhile.get(request_id, due))
        else:
            self._waiting.add(request_id, due)

    def _run(self) -> None:
        while (request_id := self._next()) is not None:
            with about(request_id):
                again_seconds = self._attempt(request_id)
            self._done(request_id, again_seconds)

    def _next(self) -> str | None:
        """Wait for an id that is due; None when the queue stops."""
        with self._changed:
            while not self._stopping:
                now = self._clock.monotonic()
                if (taken := self._waiting.take(now)) is not None:
                    request_id, was_due = taken
                    self._at_work.add(request_id)
                    self._on_late(now - was_due)
                    return request_id
                due = self._waiting.next_due()
                self._changed.wait(None if due is None else max(0.0, due - now))
        return None

    def _attempt(self, request_id: str) -> float | None:
        try:
            again_seconds = self._work(request_id)
        except Unavailable as error:
            wait_seconds = self._failed(request_id)
            log.warning("%s; trying again in %.1f s", error, wait_seconds)
            return wait_seconds
        except Exception:
            wait_seconds = self._failed(request_id)
            log.exception("unexpected; trying again in %.1f s", wait_seconds)
            return wait_seconds
        self._failures.pop(request_id, None)
        return again_seconds

    def _failed(self, request_id: str) -> float:
        failures = self._failures[request_id] = self._failures.get(request_id, 0) + 1
        return back_off_seconds(failures, self._jitter())

    def _done(self, request_id: str, again_seconds: float | None) -> None:
        with self._changed:
            self._at_work.discard(request_id)
            due = self._added_meanwhile.pop(request_id, None)
            if again_seconds is not None:
                later = self._clock.monotonic() + again_seconds
                failing = request_id in self._failures
                due = later if due is None or failing else min(due, later)
            if due is not None:
                self._waiting.add(request_id, due)
                self._changed.notify()
