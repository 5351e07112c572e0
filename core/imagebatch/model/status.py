"""The four public words and their reasons: pure functions from what is known to what is shown."""

from __future__ import annotations

from dataclasses import dataclass

from imagebatch.model.batch import Counts, Intent, Reason, Status, Verdict


@dataclass(frozen=True, slots=True)
class Ending:
    """What the final verdict is drawn from.

    `cancelled` and `deadline_passed` speak of a batch stopped before every shard had its results.
    `refused` are the words with which the cluster refused it. `shards_lost` counts shards that ended without results
    although nobody stopped them; `store_lost` says that the store did not take the output CSV.
    """

    counts: Counts
    cancelled: bool = False
    deadline_passed: bool = False
    refused: str = ""
    shards_lost: int = 0
    store_lost: bool = False
    failure_threshold_percent: int = 100


def final_verdict(ending: Ending) -> Verdict:
    """Return how the batch ended: the first rule that fits, in the order of docs/reference/statuses.md."""
    counts = ending.counts
    if ending.cancelled:
        return Verdict(Status.FAILED, Reason.CANCELLED, f"Cancelled; {_succeeded(counts)}.")
    if ending.deadline_passed:
        return Verdict(Status.FAILED, Reason.DEADLINE_EXCEEDED, f"The deadline passed; {_succeeded(counts)}.")
    if ending.refused:
        message = f"The cluster refused the batch: {ending.refused}"
        return Verdict(Status.FAILED, Reason.INFRASTRUCTURE_ERROR, message)
    if ending.store_lost:
        message = f"The object store is gone; {_succeeded(counts)}."
        return Verdict(Status.FAILED, Reason.INFRASTRUCTURE_ERROR, message)
    if ending.shards_lost and not counts.succeeded:
        message = f"{ending.shards_lost} shards were lost and no image succeeded."
        return Verdict(Status.FAILED, Reason.INFRASTRUCTURE_ERROR, message)
    if not counts.succeeded:
        return Verdict(Status.FAILED, Reason.NOTHING_SUCCEEDED, f"None of {counts.total} images succeeded.")
    if counts.failed * 100 > ending.failure_threshold_percent * counts.total:
        message = f"{counts.failed} of {counts.total} images failed, over {ending.failure_threshold_percent} %."
        return Verdict(Status.FAILED, Reason.FAILURE_THRESHOLD, message)
    if counts.failed:
        message = f"{_succeeded(counts)}, {counts.failed} failed."
        return Verdict(Status.COMPLETED, Reason.PARTIALLY_SUCCEEDED, message)
    return Verdict(Status.COMPLETED, Reason.ALL_SUCCEEDED, f"All {counts.total} images succeeded.")


def live_verdict(
    counts: Counts, intent: Intent, *, started: bool, has_job: bool, publishing: bool = False, refused: str = ""
) -> Verdict:
    """Return how an unfinished batch stands. `started` once any shard ran: Processing is not left for Pending.

    `refused` are the words with which the cluster does not take its Job.
    """
    status = Status.PROCESSING if started else Status.PENDING
    if publishing:
        return Verdict(Status.PROCESSING, Reason.PUBLISHING, "Writing the output CSV.")
    if intent.cancel:
        return Verdict(Status.PROCESSING, Reason.CANCELLING, "Waiting for the running shards to stop.")
    if intent.suspend:
        return Verdict(status, Reason.SUSPENDED, f"Suspended; {_so_far(counts)}.")
    if started:
        return Verdict(status, Reason.RUNNING, f"{_so_far(counts)}.")
    if refused:
        return Verdict(status, Reason.QUEUED, f"The cluster does not take the Job yet: {refused}")
    if has_job:
        return Verdict(status, Reason.QUEUED, "Waiting for a free worker.")
    return ACCEPTED


ACCEPTED = Verdict(Status.PENDING, Reason.ACCEPTED, "Accepted.")


def _so_far(counts: Counts) -> str:
    return f"{counts.done} of {counts.total} images are done"


def _succeeded(counts: Counts) -> str:
    return f"{counts.succeeded} of {counts.total} images succeeded"
