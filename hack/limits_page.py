"""docs/reference/limits.md: every limit, its setting and what is answered beyond it. Called by reference_pages."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from imagebatch import settings
from imagebatch.model import csvtext
from imagebatch.model.batch import MAX_SIDE_PIXELS
from imagebatch.net import session, urls
from imagebatch.net.messages import FetchLimits
from imagebatch_api import container, idempotency, receive, watching
from imagebatch_api.schemas.uploads import MAX_WEBHOOK_URL_LENGTH
from imagebatch_operator import lifecycle, webhooks
from imagebatch_processor import policy, run

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "limits.md"
HEAD = """\
# Limits

What is bounded, by how much, and what is answered or recorded beyond it. A limit with a setting can be changed
([settings](settings.md)); the others are fixed. Codes are explained in [errors.md](errors.md) and
[csv.md](csv.md#refused). This page is written by `make fmt` from the code.
"""


@dataclass(frozen=True)
class Limit:
    """One row. `bound` is the setting's name, or the fixed value. `code` is None where things only wait."""

    what: str
    bound: str | float
    unit: str
    code: str | None = None
    then: str = ""


UPLOAD = (
    Limit("Size of a CSV", "max_upload_bytes", "bytes", "too_large"),
    Limit("Rows of a CSV", "max_rows", "", "too_many_rows"),
    Limit("Columns of a CSV", "max_columns", "", "too_many_columns"),
    Limit("Delimiters in a line of a CSV", csvtext.MAX_DELIMITERS_IN_LINE, "", "too_many_columns"),
    Limit("Image URLs in a row", "max_urls_per_row", "", "too_many_urls"),
    Limit("Length of an image URL", "max_url_length", "characters", "url_too_long"),
    Limit("Mistakes named in one answer", "max_violations", "", None, "the rest is counted"),
    Limit("Time for the whole body", "upload_seconds", "seconds", "upload_timeout"),
    Limit("Form fields beside the file", receive.MAX_FIELDS, "", "malformed_form"),
    Limit("Size of a form field", receive.MAX_FIELD_BYTES, "bytes", "malformed_form"),
    Limit("Length of a webhook URL", MAX_WEBHOOK_URL_LENGTH, "characters", "invalid_request"),
    Limit("`max_width`, `max_height`", MAX_SIDE_PIXELS, "pixels", "invalid_request"),
    Limit("Length of an `Idempotency-Key`", idempotency.MAX_KEY_LENGTH, "characters", "invalid_request"),
    Limit("Uploads of up to 1 MiB worked on at once", container.UPLOADS_AT_ONCE, "", None, "further ones wait"),
    Limit("Larger uploads worked on at once", container.LARGE_UPLOADS_AT_ONCE, "", None, "further ones wait"),
    Limit("Event streams open at once", watching.STREAMS_AT_ONCE, "", "too_many_streams"),
)
IMAGE = (
    Limit("Size of an image file", "fetch_max_bytes", "bytes", "too_large"),
    Limit("Time to fetch an image, redirects and tries included", "fetch_deadline_seconds", "seconds", "timeout"),
    Limit("Least speed of a source", "fetch_min_bytes_per_second", "bytes a second", "timeout"),
    Limit("Length of a URL or a redirect that is fetched", urls.MAX_URL_CHARACTERS, "characters", "blocked_address"),
    Limit("Redirects followed", FetchLimits().max_redirects, "", "too_many_redirects"),
    Limit("Answers of 1xx passed over before the final one", session.MOST_INTERIM_ANSWERS, "", "connect_failed"),
    Limit("Tries of a fetch", "fetch_attempts", "", None, "the last error is recorded"),
    Limit("`Retry-After` of a source that is obeyed", FetchLimits().max_retry_after_seconds, "seconds", "http_NNN"),
    Limit("Connections to one host from a shard", "fetch_per_host", "", None, "further ones wait"),
    Limit("Pixels of a picture, all frames together", "max_pixels", "pixels", "too_many_pixels"),
    Limit("Longest side of a picture", "max_side_pixels", "pixels", "too_many_pixels"),
    Limit("Longest side of a WebP that is written", policy.WEBP_MAX_SIDE_PIXELS, "pixels", "too_many_pixels"),
    Limit("Frames of an animation", "max_frames", "", "too_many_frames"),
    Limit("Time to decode and encode a picture", "decode_seconds", "seconds", "decode_timeout"),
    Limit("Memory of a shard with its encoders", "shard_memory_bytes", "bytes", "out_of_memory"),
)
BATCH = (
    Limit("Time from acceptance to the end", "active_deadline_seconds", "seconds", "deadline_exceeded"),
    Limit("Times that a shard which died is run again", "retries_per_shard", "", "shard_failed"),
    Limit("Outage of the object store that a shard waits out", run.STORE_PATIENCE_SECONDS, "seconds", None, "a retry"),
    Limit(
        "Outage of the object store that a batch waits out at its end",
        lifecycle.STORE_GRACE.total_seconds(),
        "seconds",
        None,
        "`Failed`, `InfrastructureError`",
    ),
    Limit("Time that a webhook's receiver has", "webhook_timeout_seconds", "seconds", None, "the next try"),
    Limit(
        "`Retry-After` of a receiver that is obeyed",
        webhooks.LONGEST_RETRY_AFTER_SECONDS,
        "seconds",
        None,
        "the next try",
    ),
    Limit("Age of a request that is kept", "retention_days", "days", "not_found"),
    Limit("Age of objects without a request that are kept", "stray_hours", "hours", None, "removed"),
)
SECTIONS = {"Uploads and calls": UPLOAD, "Images": IMAGE, "Batches and what is kept": BATCH}


def defaults() -> dict[str, float]:
    """Return the default of every setting that is a number, by name."""
    programs = (settings.ApiSettings, settings.OperatorSettings, settings.ProcessorSettings)
    found = {each.name: each.default for cls in programs for _, _, each in settings.variables(cls)}
    return {name: value for name, value in found.items() if isinstance(value, int | float)}


def page() -> str:
    """Return the whole page."""
    return HEAD + "".join(_section(title, limits) for title, limits in SECTIONS.items())


def _section(title: str, limits: tuple[Limit, ...]) -> str:
    head = f"\n## {title}\n\n| what | limit | setting | beyond it |\n| --- | --- | --- | --- |\n"
    return head + "".join(_row(each) for each in limits)


def _row(limit: Limit) -> str:
    is_set = isinstance(limit.bound, str)
    setting = f"`{settings.PREFIX}{limit.bound.upper()}`" if isinstance(limit.bound, str) else "fixed"
    value = defaults()[str(limit.bound)] if is_set else float(limit.bound)
    beyond = f"`{limit.code}`" if limit.code else limit.then
    return f"| {limit.what} | {_amount(value, limit.unit)} | {setting} | {beyond} |\n"


def _amount(value: float, unit: str) -> str:
    for size, name in ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")):
        if unit.startswith("bytes") and value >= size:
            return f"{value / size:g} {name}{unit.removeprefix('bytes')}"
    for seconds, name in ((3_600, "h"), (60, "min")):
        if unit == "seconds" and value >= 2 * seconds:
            return f"{value / seconds:g} {name}"
    return f"{value:,.10g} {unit}".replace("seconds", "s").strip()
