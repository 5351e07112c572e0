"""The `status` of an ImageBatch resource: what a batch's row says, for people. Pure; called by the registry.

It is read back only to save looks and writes: what becomes of a batch is decided by the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from imagebatch.model import names
from imagebatch.model.batch import Reason, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagebatch.model.batch import Batch
    from imagebatch.ports import DeliveryState, JobView

MESSAGE_LENGTH = 8_192
WEBHOOK_DELIVERED = "WebhookDelivered"
_ORDER = [each.value for each in Status]


@dataclass(frozen=True, slots=True)
class Shown:
    """What there is to show of a batch. `delivery` is known once it has ended, `job` while it runs."""

    batch: Batch
    generation: int
    result_url: str | None
    job: JobView | None = None
    delivery: DeliveryState | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition by the API conventions; `holds` None is Unknown."""

    type: str
    holds: bool | None
    reason: str
    message: str = ""

    def to_json(self, generation: int, before: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
        """Return it as the API has it; its time is that of the last change of `status`."""
        status = {True: "True", False: "False", None: "Unknown"}[self.holds]
        changed = before is None or before["status"] != status
        return {
            "type": self.type,
            "status": status,
            "reason": self.reason,
            "message": self.message[:MESSAGE_LENGTH],
            "observedGeneration": generation,
            "lastTransitionTime": moment(now) if before is None or changed else before["lastTransitionTime"],
        }


def status_of(shown: Shown, before: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return the status to write; `before` is the one that is there. The same facts give the same status."""
    batch = shown.batch
    counts, size = batch.progress.counts, batch.progress.bytes
    status: dict[str, Any] = {
        "observedGeneration": shown.generation,
        "requestId": batch.request_id,
        "status": batch.status.value,
        "reason": batch.verdict.reason.value,
        "message": batch.verdict.message[:MESSAGE_LENGTH],
        "progress": f"{counts.done}/{counts.total}",
        "images": {
            "total": counts.total,
            "pending": counts.pending,
            "succeeded": counts.succeeded,
            "failed": counts.failed,
        },
        "bytes": {"input": size.input, "output": size.output},
        "conditions": [each.to_json(shown.generation, _of_type(before, each.type), now) for each in conditions(shown)],
    }
    if size.input:
        status["saved"] = f"{round(100 * size.saved / size.input)} %"
    if shown.job is not None or "jobName" in before:
        status["jobName"] = names.job_name(batch.request_id)
    if batch.started_at is not None:
        status["startTime"] = moment(batch.started_at)
    if batch.finished_at is not None:
        status["completionTime"] = moment(batch.finished_at)
    if shown.result_url is not None:
        status["resultUrl"] = shown.result_url
    if shards := _shards(shown.job) or before.get("shards"):
        status["shards"] = shards
    return status


def conditions(shown: Shown) -> Iterator[Condition]:
    """Yield the conditions in the order in which they come true."""
    batch = shown.batch
    status, reason, message = batch.status, batch.verdict.reason, batch.verdict.message
    if reason is Reason.INVALID_SOURCE:
        yield Condition("Accepted", False, reason, message)
    else:
        yield Condition("Accepted", True, "Accepted", "The rows are valid and stored.")
    yield _suspended(shown)
    yield _results_published(batch)
    if batch.spec.webhook_url:
        yield _webhook_delivered(shown)
    yield Condition("Complete", status is Status.COMPLETED, reason, message if status is Status.COMPLETED else "")
    yield Condition("Failed", status is Status.FAILED, reason, message if status is Status.FAILED else "")


def is_news(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Return whether a status is to be written: not if it says the same, nor if it is older than what is there."""
    if before == after:
        return False
    if after.get("completionTime"):
        return True
    return not before.get("completionTime") and _rank(before) <= _rank(after) and _done(before) <= _done(after)


def status_change(found: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the patch that gives a resource a status, if nobody has changed the resource since it was found."""
    gone = found.get("status", {}).keys() - after.keys()
    version = {"resourceVersion": found["metadata"]["resourceVersion"]}
    return {"metadata": version, "status": {**dict.fromkeys(gone), **after}}


def story(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield type, reason and message of the events that lead from one status to another."""
    if (before.get("status"), before.get("reason")) != (after["status"], after["reason"]):
        went_wrong = after["status"] == Status.FAILED and after["reason"] != Reason.CANCELLED
        yield "Warning" if went_wrong else "Normal", after["reason"], after["message"]
    for condition in after["conditions"]:
        if condition["type"] == WEBHOOK_DELIVERED and condition["status"] != "Unknown":
            then = _of_type(before, WEBHOOK_DELIVERED)
            if then is None or then["reason"] != condition["reason"]:
                kind = "Normal" if condition["status"] == "True" else "Warning"
                yield kind, f"Webhook{condition['reason']}", condition["message"]


def needs_a_look(found: dict[str, Any], now: datetime) -> bool:
    """Return whether something is to be done about a resource, as far as its status tells: not if it is done with."""
    status, ttl = found.get("status", {}), found["spec"].get("ttlSecondsAfterFinished")
    if "completionTime" not in status:
        return True
    if ttl is not None and now >= datetime.fromisoformat(status["completionTime"]) + timedelta(seconds=ttl):
        return True
    delivered = _of_type(status, WEBHOOK_DELIVERED)
    return delivered is not None and delivered["status"] == "Unknown"


def moment(at: datetime) -> str:
    """Return a time as the API has it: RFC 3339, seconds, UTC."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _suspended(shown: Shown) -> Condition:
    batch = shown.batch
    if batch.status.is_final or not batch.intent.suspend:
        return Condition("Suspended", False, "NotSuspended")
    if shown.job is not None and shown.job.active:
        return Condition("Suspended", False, "Stopping", "Waiting for the running shards to stop.")
    return Condition("Suspended", True, "Suspended")


def _results_published(batch: Batch) -> Condition:
    if batch.has_result:
        return Condition("ResultsPublished", True, "Published", "The output CSV is written.")
    if batch.status.is_final:
        return Condition("ResultsPublished", False, "NoResults", "The batch ended without an output CSV.")
    return Condition("ResultsPublished", False, "NotYet")


def _webhook_delivered(shown: Shown) -> Condition:
    delivery = shown.delivery
    if delivery is None:
        return Condition(WEBHOOK_DELIVERED, None, "NotYet", "The webhook is sent when the batch ends.")
    if delivery.delivered_at is not None:
        return Condition(WEBHOOK_DELIVERED, True, "Delivered", f"Delivered at {moment(delivery.delivered_at)}.")
    if delivery.given_up_at is not None:
        return Condition(WEBHOOK_DELIVERED, False, "GivenUp", "The receiver did not take it; no try is left.")
    return Condition(WEBHOOK_DELIVERED, None, "NotYet", "The webhook is being sent.")


def _shards(job: JobView | None) -> dict[str, int] | None:
    if job is None or not job.spec.shards:  # of a Job that is gone, only pods are left
        return None
    return {"total": job.spec.shards, "succeeded": job.succeeded, "failed": job.failed}


def _of_type(status: dict[str, Any], kind: str) -> dict[str, Any] | None:
    """Return a status' condition of a type, None if it has none."""
    return next((each for each in status.get("conditions", ()) if each["type"] == kind), None)


def _rank(status: dict[str, Any]) -> int:
    """Return how far a status is on its way, -1 if there is none yet."""
    return _ORDER.index(status["status"]) if status.get("status") in _ORDER else -1


def _done(status: dict[str, Any]) -> int:
    images = status.get("images", {})
    return int(images.get("succeeded", 0)) + int(images.get("failed", 0))
