"""The sweep and the notifications put ids on the queue, and an outage ends neither."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from fakes.memory_batches import MemoryBatches
from support.batch_scene import REQUEST_ID, Scene

from imagebatch.model.errors import Unavailable
from imagebatch_operator import sweep
from imagebatch_operator.sweep import listen_until, sweep_until

GONE = Unavailable("gone", dependency="database")


class Seen:
    """Collects ids and stops the loop after `count` of them."""

    def __init__(self, stop: threading.Event, count: int) -> None:
        self.ids: list[str] = []
        self._stop, self._count = stop, count

    def __call__(self, request_id: str) -> None:
        self.ids.append(request_id)
        if len(self.ids) == self._count:
            self._stop.set()


class Notified(MemoryBatches):
    """Word comes in these bundles; an error among them is raised."""

    def __init__(self, *bundles: list[str] | Unavailable) -> None:
        super().__init__()
        self.bundles = list(bundles)

    def wake_ups(self, timeout_seconds: float) -> list[str]:
        bundle = self.bundles.pop(0)
        if isinstance(bundle, Unavailable):
            raise bundle
        return bundle


class Flaky(MemoryBatches):
    """The database is away at the first sweep."""

    sweeps = 0

    def unfinished(self) -> list[str]:
        self.sweeps += 1
        if self.sweeps == 1:
            raise GONE
        return ["a", "b"]


class Missing(Notified):
    """Of these two word was lost in the outage."""

    def unfinished(self) -> list[str]:
        return ["b", "c"]


def test_sweep_of_unfinished_batches_puts_them_on_the_queue_again_and_again(
    batches: MemoryBatches, accepted: Callable[..., Scene]
) -> None:
    accepted([["http://a/0"]])
    stop = threading.Event()
    seen = Seen(stop, 3)
    sweep_until(stop, batches, seen, sweep_seconds=0.001)
    assert seen.ids == [REQUEST_ID] * 3


def test_sweep_while_the_database_is_away_goes_on_afterwards() -> None:
    stop = threading.Event()
    seen = Seen(stop, 2)
    sweep_until(stop, Flaky(), seen, sweep_seconds=0.001)
    assert seen.ids == ["a", "b"]


def test_listen_to_notifications_passes_every_id_on() -> None:
    stop = threading.Event()
    seen = Seen(stop, 3)
    listen_until(stop, Notified(["a"], [], ["b", "c"]), seen)
    assert seen.ids == ["a", "b", "c"]


def test_listen_at_the_start_and_after_an_outage_passes_on_all_that_is_unfinished(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweep, "BROKEN_SECONDS", 0.001)
    stop = threading.Event()
    seen = Seen(stop, 6)
    listen_until(stop, Missing(["a"], GONE, GONE, [], ["d"]), seen)
    at_the_start, after_the_outage = ["a", "b", "c"], ["b", "c"]
    assert seen.ids == [*at_the_start, *after_the_outage, "d"]
