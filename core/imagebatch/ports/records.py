"""What the database holds, as plain data that goes through its ports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagebatch.model import names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from imagebatch.model.batch import BatchSpec, Progress, Resource, Verdict
    from imagebatch.model.results import Outcome


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
    """What intake writes about an accepted request. A retry begins with the `progress` that its parents made.

    `resource` is where it is declared, on a cluster: named here before it exists, or written by hand and known.
    """

    request_id: str
    owner: str
    spec: BatchSpec
    source_sha256: str
    progress: Progress
    accepted_at: datetime
    idempotency: IdempotencyKey | None = None
    retry_of: str | None = None
    resource: Resource | None = None

    @property
    def webhook_id(self) -> str:
        """The `webhook-id` of the message that tells of its end."""
        return names.webhook_id(self.request_id, self.accepted_at if self.retry_of else None)


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
class Deleted:
    """A request that is marked deleted; `has_retry` while a retry of it still has its row."""

    request_id: str
    has_retry: bool
    resource: Resource | None = None


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
