"""What answers must hold for the commands to read them; more may be there. Used by the other modules of the client."""

from __future__ import annotations

from types import UnionType
from typing import Any

Shape = type | UnionType | list[Any] | dict[str, Any]

ACCEPTED = {"request_id": str}
PLAN = {
    "rows": object,
    "slots": object,
    "images": object,
    "plan": {"shards": object, "images_per_shard": object, "parallelism": object},
}
STATUS = {
    "request_id": str,
    "status": str,
    "reason": object,
    "message": object,
    "result_url": str | None,
    "errors_url": str | None,
    "report_url": str | None,
    "counts": {"total": int, "pending": int, "succeeded": int, "failed": int},
    "bytes": {"input": int, "output": int, "saved": int},
    "created_at": str,
}
IMAGE = {
    "row": int,
    "position": int,
    "url": object,
    "code": object,
    "attempts": object,
    "milliseconds": object,
    "bytes_in": int | None,
    "bytes_out": int | None,
}
PAGES: dict[str, dict[str, Any]] = {"requests": {"requests": [STATUS]}, "images": {"images": [IMAGE]}}
ATTEMPT = {"number": object, "started_at": object, "milliseconds": object, "http_status": object, "error": object}
WEBHOOK = {
    "request_id": str,
    "webhook_id": str | None,
    "url": str | None,
    "state": str,
    "due_at": str | None,
    "attempts": [ATTEMPT],
}
READINESS = {"dependencies": [{"name": object, "ready": object, "message": object}]}
REPORT: dict[str, Any] = {"images": [{}]}
VIOLATIONS: list[Any] = [{}]


def fits(value: object, shape: Shape) -> bool:
    """Return whether a JSON value holds what the shape names: members, items all of one shape, or a type."""
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(name in value and fits(value[name], shape[name]) for name in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(each, shape[0]) for each in value)
    return isinstance(value, shape)
