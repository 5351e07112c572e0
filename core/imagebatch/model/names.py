"""Every name that derives from a request id: object keys, the Job, the webhook's id, the link token.

Names are deterministic, so that doing a thing twice does it to the same object.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from datetime import UTC, datetime

from imagebatch.model.errors import NotFound

REQUESTS_PREFIX = "requests/"
LINK_TOKEN_BYTES = 16  # 128 bits of the HMAC: beyond guessing, short enough for a spreadsheet cell


def request_prefix(request_id: str) -> str:
    """Return the prefix under which everything of a request lies."""
    return f"{REQUESTS_PREFIX}{request_id}/"


def input_key(request_id: str) -> str:
    """Return the key of the CSV as uploaded."""
    return f"{request_prefix(request_id)}input.csv"


def images_key(request_id: str) -> str:
    """Return the key of the list of distinct images, one JSON line each."""
    return f"{request_prefix(request_id)}images.jsonl"


def plan_key(request_id: str) -> str:
    """Return the key of the plan: shards and output options."""
    return f"{request_prefix(request_id)}plan.json"


def parts_prefix(request_id: str, shard: int) -> str:
    """Return the prefix of a shard's parts."""
    return f"{request_prefix(request_id)}shards/{shard}/"


def part_key(request_id: str, shard: int, attempt: str, part: int) -> str:
    """Return the key of one part. `attempt` sorts by time; parts count from 0."""
    return f"{parts_prefix(request_id, shard)}{attempt}-{part:06d}.jsonl"


def shard_results_key(request_id: str, shard: int) -> str:
    """Return the key of a shard's complete results, written last."""
    return f"{request_prefix(request_id)}shards/{shard}.jsonl"


def shards_prefix(request_id: str) -> str:
    """Return the prefix of all parts and shard results."""
    return f"{request_prefix(request_id)}shards/"


def image_key(request_id: str, name: str) -> str:
    """Return the key of an output image; `name` is `<index>.<ext>`."""
    return f"{request_prefix(request_id)}images/{name}"


OUTPUT_CSV = "output.csv"
ERRORS_CSV = "errors.csv"
REPORT_JSON = "report.json"
RESULT_FILES = (OUTPUT_CSV, ERRORS_CSV, REPORT_JSON)


def result_key(request_id: str, name: str) -> str:
    """Return the key of one of the result files: output.csv, errors.csv or report.json."""
    if name not in RESULT_FILES:
        raise NotFound(f"there is no result file {name!r}")
    return f"{request_prefix(request_id)}{name}"


def reused_key(request_id: str) -> str:
    """Return the key of what a retry keeps of its parents: images with their outcomes, one JSON line each."""
    return f"{shards_prefix(request_id)}reused.jsonl"


def lost_key(request_id: str) -> str:
    """Return the key of the mark on an accepted request's objects that no row names: their time runs from it."""
    return f"{request_prefix(request_id)}lost"


def is_made_at_acceptance(request_id: str, key: str) -> bool:
    """Return whether an upload or a retry writes the object before its row; all others are made once it has one."""
    return key in (input_key(request_id), images_key(request_id), plan_key(request_id), reused_key(request_id))


INSTALLATION_KEY = "installation"  # the marker object: it holds the id of the installation that the prefix belongs to


def retry_id(request_id: str) -> str:
    """Return the id of a request's retry, a UUID of version 5 (RFC 9562): the same however often it is asked for."""
    return str(uuid.uuid5(uuid.UUID(request_id), "retry"))


def job_name(request_id: str) -> str:
    """Return the name of the request's Job and of the resource that the API makes."""
    return f"ib-{request_id}"


def webhook_id(request_id: str, retried_at: datetime | None = None) -> str:
    """Return the `webhook-id` of the request's one message, the same over all attempts.

    `retried_at` is when a retry was accepted: one that is made again after its deletion has the same request id and
    another message, which receivers would pass over under the same name.
    """
    if retried_at is None:
        return f"msg_{request_id}"
    moment = retried_at.astimezone(UTC).isoformat(timespec="microseconds")
    return f"msg_{uuid.uuid5(uuid.UUID(request_id), moment)}"


def link_token(secret: bytes, key: str) -> str:
    """Return the token `t` that opens the object `key`: a truncated HMAC-SHA-256 (RFC 2104), base64url."""
    digest = hmac.new(secret, key.encode(), hashlib.sha256).digest()[:LINK_TOKEN_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def link_token_fits(secret: bytes, key: str, token: str) -> bool:
    """Return whether `token` opens `key`, in constant time."""
    return hmac.compare_digest(link_token(secret, key).encode(), token.encode())


def public_path(key: str) -> str:
    """Return the path on the service of an object under requests/: `/results/<id>/…`."""
    return "/results/" + key.removeprefix(REQUESTS_PREFIX)


def public_link(public_url: str, secret: bytes, key: str) -> str:
    """Return the link to an object that opens without an API key."""
    return f"{public_url.rstrip('/')}{public_path(key)}?t={link_token(secret, key)}"
