"""Small batches with their rows, ends and webhooks, as tests of the database want them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from imagebatch.model.batch import BatchSpec, Bytes, Counts, Progress, Reason, Status, Verdict
from imagebatch.model.results import Outcome
from imagebatch.ports import Final, NewBatch, NewDelivery, ProductRow, SettledSlot

NOON = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)
RUNNING = Verdict(Status.PROCESSING, Reason.RUNNING, "1 of 3 images are done.")
QUEUED = Verdict(Status.PENDING, Reason.QUEUED, "Waiting for a free worker.")
DONE = Verdict(Status.COMPLETED, Reason.PARTIALLY_SUCCEEDED, "2 of 3 images succeeded, 1 failed.")

ROWS = (
    ProductRow(0, "1", "Desk lamp", ("https://img.example/1.jpg", "https://img.example/2.jpg")),
    ProductRow(1, "2", "Chair", ("https://img.example/1.jpg",)),
)


def new_batch(owner: str = "alice", accepted_at: datetime = NOON, total_slots: int = 3) -> NewBatch:
    """A request with an id of its own over ROWS."""
    spec = BatchSpec(webhook_url="https://hooks.example/in")
    return NewBatch(str(uuid.uuid4()), owner, spec, "ab" * 32, Progress(Counts(total_slots)), accepted_at)


def progress(succeeded: int, failed: int = 0, total: int = 3) -> Progress:
    """Counts, and 100 bytes in and 40 out for each success."""
    return Progress(Counts(total, succeeded, failed), Bytes(100 * succeeded, 40 * succeeded))


def slots() -> list[SettledSlot]:
    """The slots of ROWS: the first image succeeded in its two, the second failed."""
    good = Outcome(0, "https://img.example/1.jpg", 2, name="0.jpg", bytes_in=200, bytes_out=80, width_in=10)
    bad = Outcome(1, "https://img.example/2.jpg", 1, code="http_404", message="not found")
    link = "https://out.example/0.jpg?t=x"
    return [SettledSlot(0, 0, good, link), SettledSlot(0, 1, bad, None), SettledSlot(1, 0, good, link)]


def delivery_of(request_id: str) -> NewDelivery:
    """The webhook of a request."""
    return NewDelivery(f"msg_{request_id}", "https://hooks.example/in", "default", b'{"status":"Completed"}')


def end(delivery: NewDelivery | None = None, finished_at: datetime = NOON, verdict: Verdict = DONE) -> Final:
    """The end of a batch over ROWS."""
    return Final(verdict, progress(2, 1), has_result=True, finished_at=finished_at, delivery=delivery)
