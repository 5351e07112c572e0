"""Where batches are declared, shown and run: a cluster, or one machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from imagebatch.model.batch import Batch, Intent, Resource


class Registry(Protocol):
    """Where a batch is declared and shown to people: a custom resource, or on one machine only its row."""

    def place(self, request_id: str) -> Resource | None:
        """Return where a new request will be declared, to be written with its row; None: its row is enough."""

    def declare(self, batch: Batch) -> str:
        """Make an accepted batch known where it is to be, and return its resource's uid; again: nothing happens.

        Raises Refused when the cluster does not allow it, or another resource has the name.
        """

    def intent(self, batch: Batch) -> Intent:
        """Return what people want of the batch now; a declaration that was deleted reads as `cancel`."""

    def suspend(self, batch: Batch, *, suspended: bool) -> None:
        """Write down that a batch is to rest, or to go on."""

    def show(self, batch: Batch, job: JobView | None) -> None:
        """Mirror a batch's row, and its Job if that is known, where people look."""

    def withdraw(self, resource: Resource) -> None:
        """Remove the declaration of a request that was deleted; when it is gone nothing happens."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A Job to be: `shards` indexes, at most `parallelism` at once, each tried 1 + `retries_per_shard` times."""

    request_id: str
    shards: int
    parallelism: int
    retries_per_shard: int
    suspended: bool = False
    accepted_at: datetime | None = None  # its batch: a retry that is made again has the id of the deleted one
    resource: Resource | None = None  # what it belongs to on a cluster
    active_deadline_seconds: int | None = None  # a backstop for when no operator runs: the batch's own is shorter


@dataclass(frozen=True, slots=True)
class JobView:
    """A Job as it stands. `active` counts workers running or still ending; `failed` indexes are given up.

    `starting` are those of the active that do not run yet. Where there are such, word comes when one does.
    """

    spec: JobSpec
    active: int
    succeeded: int
    failed: int
    starting: int = 0

    @property
    def finished(self) -> bool:
        """True when no index will be tried again and no worker is left."""
        return self.active == 0 and self.succeeded + self.failed >= self.spec.shards


class Jobs(Protocol):
    """Indexed Jobs, one per request, with the exit-code rules of docs/explanation/workers.md."""

    def view(self, request_id: str) -> JobView | None:
        """Return the request's Job, None when there is none."""

    def create(self, spec: JobSpec) -> None:
        """Start a Job; when it is there already nothing happens. Raises Refused when the cluster does not allow it."""

    def adjust(self, request_id: str, *, suspended: bool, parallelism: int) -> None:
        """Suspend, resume or change how many shards run at once. Suspending stops the running ones (SIGTERM)."""

    def delete(self, request_id: str) -> None:
        """Remove a Job and stop its workers; when there is none nothing happens."""
