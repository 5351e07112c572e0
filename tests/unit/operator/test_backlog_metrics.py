"""How much waits, and how long the oldest has waited, as the sweep and the queue tell it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from fakes.manual_clock import ManualClock
from fakes.memory_batches import MemoryBatches
from support.batch_scene import REQUEST_ID, Scene

from imagebatch.metrics import Metrics
from imagebatch_operator.sweep import note_unfinished
from imagebatch_operator.work_queue import WorkQueue


def value(metrics: Metrics, name: str) -> float | None:
    return metrics.registry.get_sample_value(f"imagebatch_{name}")


def test_backlog_when_a_batch_is_unfinished_has_its_age(
    batches: MemoryBatches, accepted: Callable[..., Scene], metrics: Metrics
) -> None:
    request_id = accepted([["https://shop.example/1.jpg"]]).request_id
    accepted_at = batches.get(request_id).created_at
    note_unfinished([request_id, "another"], batches, metrics, accepted_at + timedelta(seconds=90))
    assert value(metrics, "unfinished_batches") == 2
    assert value(metrics, "oldest_batch_seconds") == 90


def test_backlog_when_nothing_is_unfinished_is_zero(batches: MemoryBatches, metrics: Metrics) -> None:
    metrics.oldest_batch_seconds.set(5)
    note_unfinished([], batches, metrics, ManualClock().now())
    assert (value(metrics, "unfinished_batches"), value(metrics, "oldest_batch_seconds")) == (0, 0)


def test_backlog_when_the_oldest_was_removed_meanwhile_has_no_age(batches: MemoryBatches, metrics: Metrics) -> None:
    note_unfinished([REQUEST_ID], batches, metrics, ManualClock().now())
    assert value(metrics, "oldest_batch_seconds") == 0


def test_queue_when_ids_are_due_counts_them_and_no_later_ones() -> None:
    queue = WorkQueue(lambda _: None, workers=0)
    for request_id, delay_seconds in (("a", 0.0), ("b", 0.0), ("a", 5.0), ("c", 60.0)):
        queue.add(request_id, delay_seconds)
    assert queue.overdue() == 2
