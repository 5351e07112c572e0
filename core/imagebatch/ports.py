"""What the rooms need of the outside world, as Protocols. Adapters live in store, database, net and beside the rooms.

Every method raises errors of `imagebatch.model.errors` only: `Unavailable` when the other side does not answer now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime
    from pathlib import Path

    from imagebatch.model.batch import Batch, BatchSpec, Intent, Progress, Status, Verdict
    from imagebatch.model.results import Outcome


class Clock(Protocol):
    """Time, so that tests can set it."""

    def now(self) -> datetime:
        """Return the time of day, aware, UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


# ---------------------------------------------------------------------------------------------- object store


@dataclass(frozen=True, slots=True)
class BlobInfo:
    """An object without its bytes. `etag` is strong and unquoted. `modified_at`, aware, UTC, is set by `list`."""

    key: str
    size: int
    etag: str
    content_type: str = "application/octet-stream"
    modified_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Blob:
    """An object being read: `chunks` yields the asked range once and closes the connection at its end."""

    info: BlobInfo
    chunks: Iterator[bytes]


class BlobStore(Protocol):
    """An object store with one bucket. Keys are relative to the installation's prefix."""

    def put(self, key: str, data: bytes | memoryview, content_type: str) -> None:
        """Write an object whole; it is visible only when it is complete."""

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        """Write a file as an object, in parts when it is large."""

    def get(self, key: str) -> bytes:
        """Return an object's bytes. Raises NotFound."""

    def get_range(self, key: str, offset: int, length: int) -> bytes:
        """Return `length` bytes from `offset`. Raises NotFound."""

    def open(self, key: str, offset: int = 0, length: int | None = None) -> Blob:
        """Open an object, or a range of it, for streaming. Raises NotFound."""

    def head(self, key: str) -> BlobInfo | None:
        """Return what an object is, None when there is none."""

    def list(self, prefix: str) -> Iterator[BlobInfo]:
        """Yield the objects whose key starts with `prefix`, in order of key."""

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield each prefix up to the slash next after `prefix`; an empty folder perhaps too, until it is deleted."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; those that are not there count as deleted."""

    def check(self) -> None:
        """Raise Unavailable unless the bucket can be reached with our credentials."""


# -------------------------------------------------------------------------------------------------- database


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A row of the CSV as the `products` table holds it. `image_urls` in order."""

    row_number: int
    serial_number: str
    product_name: str
    image_urls: Sequence[str]


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's name for one upload, unique among its owner's. `fingerprint` is a hash of what was sent with it."""

    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class NewBatch:
    """What intake writes about an accepted request. A retry begins with the `progress` that its parents made."""

    request_id: str
    owner: str
    spec: BatchSpec
    source_sha256: str
    progress: Progress
    accepted_at: datetime
    idempotency: IdempotencyKey | None = None
    retry_of: str | None = None


@dataclass(frozen=True, slots=True)
class SettledSlot:
    """One slot of the output as the `images` table holds it."""

    row: int
    position: int
    outcome: Outcome
    output_url: str | None


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A webhook to be sent: the body is frozen when the final status is set. It is due at `due_at`, None: at once."""

    webhook_id: str
    url: str
    key_name: str
    body: bytes
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Final:
    """The end of a batch, written in one transaction. `has_result` says whether an output CSV exists."""

    verdict: Verdict
    progress: Progress
    has_result: bool
    finished_at: datetime
    delivery: NewDelivery | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery that this process has claimed until its lease ends. `attempts` were made before.

    `leased_until` tells this claim from the next one: a claim that was lost no longer decides when to try again.
    The schedule counts from `attempts_before`: those before it was last asked for anew. `due_at` is as it was claimed.
    """

    id: int
    request_id: str
    webhook_id: str
    url: str
    key_name: str
    body: bytes
    attempts: int
    leased_until: datetime | None = None
    attempts_before: int = 0
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """Where a request's webhook stands. `due_at` is None once it was delivered or given up."""

    webhook_id: str
    url: str
    due_at: datetime | None
    delivered_at: datetime | None
    given_up_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    """One try of a delivery: an HTTP status, or the error that stood in its way."""

    number: int
    started_at: datetime
    milliseconds: int
    http_status: int | None = None
    error: str | None = None


class Batches(Protocol):
    """The truth about requests: rows, counts and statuses."""

    def accept(self, batch: NewBatch, rows: Iterable[ProductRow]) -> None:
        """Insert a request with its rows in one transaction and wake the operator. Again: nothing happens.

        Raises Conflict when another request has its idempotency key, NotFound when the one it retries is not there.
        """

    def claiming(self, owner: str, key: str) -> AbstractContextManager[bool]:
        """Hold an owner's idempotency key while an upload is made; False when another upload holds it."""

    def keyed(self, owner: str, key: str) -> tuple[str, str] | None:
        """Return the request that was made with an idempotency key and its fingerprint, None if none was."""

    def get(self, request_id: str, owners: frozenset[str] | None = None) -> Batch:
        """Return a batch of one of `owners` (None: anyone's). Raises NotFound."""

    def unfinished(self) -> list[str]:
        """Return the ids of all batches without a final status, oldest first."""

    def record_progress(self, request_id: str, verdict: Verdict, progress: Progress, now: datetime) -> None:
        """Show where a running batch is. Counts never go back; a final status is never left."""

    def record_cancel(self, request_id: str) -> None:
        """Set the intent to cancel, for good, show it, and wake the operator. A final batch stays as it is."""

    def settling(self, request_id: str) -> AbstractContextManager[bool]:
        """Hold the request's settle lock; False when another process holds it."""

    def finish(self, request_id: str, final: Final, slots: Iterable[SettledSlot]) -> bool:
        """Write the end in one transaction and wake the deliverer. False when it already was final."""

    def wake_ups(self, timeout_seconds: float) -> list[str]:
        """Wait for word of new or changed requests; return their ids, empty after the timeout."""

    def check(self) -> None:
        """Raise Unavailable unless the database answers and its schema is the newest."""


class Listings(Protocol):
    """Requests and their images, many at once, for people and for retries."""

    def newest(
        self,
        owners: frozenset[str],
        statuses: frozenset[Status] = frozenset(),
        before: tuple[datetime, str] | None = None,
        limit: int = 20,
    ) -> list[Batch]:
        """Return the newest batches of `owners`, of any status if `statuses` is empty.

        `before` is creation time and request id of the last one that was seen: what is listed comes after it.
        """

    def slots(
        self,
        request_id: str,
        *,
        succeeded: bool | None = None,
        code: str | None = None,
        after: tuple[int, int] | None = None,
        limit: int = 100,
    ) -> list[SettledSlot]:
        """Return slots of a batch that has ended, by row and position, from the one behind `after` on."""

    def outcomes(self, request_id: str) -> Iterator[Outcome]:
        """Yield what became of each image of a batch that has ended, by index; none if it ended without results."""


class Archive(Protocol):
    """How requests go: marked deleted first, then, when no retry of theirs is left, with everything they had."""

    def mark_deleted(self, request_id: str, owners: frozenset[str], now: datetime) -> None:
        """Delete a request for its owners and wake the operator; again: nothing happens.

        Raises NotFound, also once it went for good; Conflict while it has no final status.
        """

    def expire(self, finished_before: datetime, now: datetime) -> list[str]:
        """Mark deleted what ended before a time, at most 1,000 at once; return the ids."""

    def deleted(self) -> list[tuple[str, bool]]:
        """Return every request marked deleted, newest first, and whether a retry of it still has its row."""

    def remove(self, request_id: str) -> bool:
        """Remove the row and all that hangs on it; False unless it is marked deleted and has no retry."""

    def known(self, request_ids: Sequence[str]) -> frozenset[str]:
        """Return those of some ids that have a row, marked deleted or not."""

    def installation_id(self) -> str:
        """Return the id that this database was given when it was made."""


class Deliveries(Protocol):
    """The outbox of webhooks. To record a try raises Conflict when the request was removed meanwhile."""

    def claim(self, now: datetime, lease_seconds: float) -> Delivery | None:
        """Take a due delivery that nobody else has, until the lease ends."""

    def next_due(self) -> datetime | None:
        """Return when the next unsent delivery is due, None when there is none."""

    def record_attempt(
        self, delivery: Delivery, attempt: DeliveryAttempt, *, delivered: bool, due: datetime | None = None
    ) -> None:
        """Record a try and give the claim back. If not `delivered`, it is due again at `due`; None gives it up."""

    def attempts(self, request_id: str) -> list[DeliveryAttempt]:
        """Return every try of a request's webhook, oldest first."""

    def state(self, request_id: str) -> DeliveryState | None:
        """Return where a request's webhook stands, None when there is none or not yet."""

    def redeliver(self, request_id: str, now: datetime) -> bool:
        """Have a webhook sent now and by a new schedule, and wake the deliverer; False when there is none."""


# ------------------------------------------------------------------------------------ where batches run and show


class Registry(Protocol):
    """Where a batch is declared and shown to people: a custom resource, or on one machine only its row."""

    def declare(self, batch: NewBatch) -> None:
        """Make an accepted batch known; again: nothing happens."""

    def intent(self, batch: Batch) -> Intent:
        """Return what people want of the batch now; a declaration that was deleted reads as `cancel`."""

    def show(self, batch: Batch) -> None:
        """Mirror a batch's row where people look."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A Job to be: `shards` indexes, at most `parallelism` at once, each tried 1 + `retries_per_shard` times."""

    request_id: str
    shards: int
    parallelism: int
    retries_per_shard: int
    suspended: bool = False
    accepted_at: datetime | None = None  # its batch: a retry that is made again has the id of the deleted one


@dataclass(frozen=True, slots=True)
class JobView:
    """A Job as it stands. `active` counts workers running or still ending; `failed` indexes are given up."""

    spec: JobSpec
    active: int
    succeeded: int
    failed: int

    @property
    def finished(self) -> bool:
        """True when no index will be tried again and no worker is left."""
        return self.active == 0 and self.succeeded + self.failed >= self.spec.shards


class Jobs(Protocol):
    """Indexed Jobs, one per request, with the exit-code rules of docs/explanation/workers.md."""

    def view(self, request_id: str) -> JobView | None:
        """Return the request's Job, None when there is none."""

    def create(self, spec: JobSpec) -> None:
        """Start a Job; when it is there already nothing happens."""

    def adjust(self, request_id: str, *, suspended: bool, parallelism: int) -> None:
        """Suspend, resume or change how many shards run at once. Suspending stops the running ones (SIGTERM)."""

    def delete(self, request_id: str) -> None:
        """Remove a Job and stop its workers; when there is none nothing happens."""


# ------------------------------------------------------------------------------------------------------ webhooks


class WebhookAnswer(Protocol):
    """What a receiver said."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Header names, lower case, to values."""

    @property
    def retry_after_seconds(self) -> float | None:
        """The wait that the receiver asks for with `Retry-After`, None if it does not."""


class Http(Protocol):
    """Outgoing POST behind the address guard."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> WebhookAnswer:
        """Send once; redirects are answers. Raises ImageRejected with the code of what went wrong."""
