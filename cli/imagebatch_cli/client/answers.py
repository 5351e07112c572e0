"""Answers of the service translated: into JSON objects, or into errors.py. Used by the other modules of the client."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from imagebatch_cli.client.shapes import VIOLATIONS, Shape, fits
from imagebatch_cli.errors import ServiceRefused, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import requests

NOT_NOW = (429, 503)
GATEWAY = (502, 504)
LONGEST_WAIT_SECONDS = 3600.0
IN_USE = "idempotency_key_in_use"
NO_KEY = (
    "The service wants an API key.",
    "Give one in IMAGEBATCH_API_KEY, in the file that IMAGEBATCH_API_KEY_FILE names, or with --api-key.",
)
BAD_KEY = (
    "The service does not know the API key that was sent.",
    "Check --api-key, IMAGEBATCH_API_KEY or the file that IMAGEBATCH_API_KEY_FILE names, in this order.",
)


class NotNow(ServiceUnavailable):
    """Worth asking again; `retry_after_seconds` is the service's wish."""

    retry_after_seconds: float | None = None


def error_of(answer: requests.Response, *, again: bool, with_key: bool) -> ServiceRefused | ServiceUnavailable:
    """Return the error that an answer is. `again`: the request may be repeated even if it was received before."""
    problem = _problem(answer)
    detail = str(problem.get("detail") or _stranger(answer))
    if answer.status_code in NOT_NOW or (again and _may_pass(answer.status_code, problem)):
        error = NotNow(detail)
        error.retry_after_seconds = retry_after(answer)
        return error
    if answer.status_code >= 500:
        return ServiceUnavailable(detail)
    if answer.status_code == 401:
        message, hint = BAD_KEY if with_key else NO_KEY
        return ServiceRefused(message, problem, hint)
    return ServiceRefused(detail, problem)


def _may_pass(status: int, problem: Mapping[str, Any]) -> bool:
    # A problem with this status is the service's own word, not that of a gateway that lost it for a moment.
    return (status in GATEWAY and not problem) or problem.get("code") == IN_USE


def _problem(answer: requests.Response) -> dict[str, Any]:
    """Return the problem (RFC 9457) that an answer holds, empty when it holds none."""
    try:
        problem = answer.json()
    except (ValueError, RecursionError):
        return {}
    ours = fits(problem, {"detail": object}) and fits(problem.get("errors") or [], VIOLATIONS)
    return problem if ours else {}


def _stranger(answer: requests.Response) -> str:
    return f"{answer.url} answered {answer.status_code} {answer.reason}: is an ImageBatch service there?"


def retry_after(answer: requests.Response) -> float | None:
    """Return the header in seconds, an hour at most; None if it is missing, or a date, which is never sent."""
    value = answer.headers.get("Retry-After", "")
    return min(float(value), LONGEST_WAIT_SECONDS) if value.isdecimal() else None


def date_of(answer: requests.Response) -> datetime | None:
    """Return the header `Date`, the service's clock cut to whole seconds; None if it is missing or malformed."""
    try:
        date = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def json_of(answer: requests.Response, url: str, shape: Shape) -> dict[str, Any]:
    """Return the JSON object that was answered. Raises ServiceUnavailable when it is none, or of another shape."""
    try:
        body = answer.json()
    except (ValueError, RecursionError) as error:
        raise not_ours(url) from error
    if not isinstance(body, dict) or not fits(body, shape):
        raise not_ours(url)
    return body


def not_ours(url: str) -> ServiceUnavailable:
    """Return the error for something else that answers at the service's address."""
    return ServiceUnavailable(f"What answers at {url} is not an ImageBatch service.")
