"""The database, as the rooms need it: every method is a transaction of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from imagebatch.model.batch import Batch, Progress, Resource, Status, Verdict
    from imagebatch.model.results import Outcome
    from imagebatch.ports.records import (
        Deleted,
        Delivery,
        DeliveryAttempt,
        DeliveryState,
        Final,
        NewBatch,
        ProductRow,
        SettledSlot,
    )


class Batches(Protocol):
    """The truth about requests: rows, counts and statuses."""

    def accept(self, batch: NewBatch, rows: Iterable[ProductRow]) -> None:
        """Insert a request with its rows in one transaction and wake the operator. Again: nothing happens.

        Raises Conflict when another request has its idempotency key, NotFound when the one it retries is not there.
        """

    def refuse(self, batch: NewBatch, final: Final) -> None:
        """Insert a request that ended before it began, without rows, in one transaction. Again: nothing happens."""

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

    def record_intent(self, request_id: str, now: datetime, *, suspend: bool, parallelism: int) -> None:
        """Set the rest of the intent, keep count of the time suspended, and wake the operator if it changes.

        A final batch stays as it is.
        """

    def record_resource(self, request_id: str, resource: Resource) -> None:
        """Note the resource that a request is declared by, unless the uid of one is known already."""

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

    def deleted(self) -> list[Deleted]:
        """Return every request marked deleted, newest first."""

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
