"""A resource that somebody wrote becomes a request: the same intake as the API's. Called by reconcile.

What cannot become one ends at once as Failed/InvalidSource, with a row and a webhook as every other end.
"""

from __future__ import annotations

import logging
from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING

from imagebatch import intake
from imagebatch.model import names
from imagebatch.model.batch import Counts, Progress, Reason, Status, Verdict
from imagebatch.model.errors import Conflict, ImageBatchError, InvalidRequest, NotFound, Refused, Unavailable
from imagebatch.model.source import HandWritten, RetrySource
from imagebatch.ports import Final, NewBatch
from imagebatch.retry import Asked, accept_retry
from imagebatch_operator.notice import delivery_for
from imagebatch_operator.settle import LARGE_SLOTS

if TYPE_CHECKING:
    from datetime import datetime
    from threading import Lock

    from imagebatch.cluster import ClusterRegistry
    from imagebatch.metrics import Metrics
    from imagebatch.model.batch import BatchSpec
    from imagebatch.model.csvrows import CsvLimits
    from imagebatch.ports import Archive, Batches, BlobStore, Clock, Listings
    from imagebatch_operator.source import SourceReader

# A ConfigMap is applied after what names it, an object uploaded a moment later: nobody orders such things.
PATIENCE = timedelta(minutes=5)
ROWS_NAMED = 20

log = logging.getLogger(__name__)


class HandWrittenIntake:
    """Takes resources in. `defaults` hold for what they leave open; what it remembers may be lost at any time."""

    def __init__(
        self,
        *,
        registry: ClusterRegistry,
        batches: Batches,
        archive: Archive,
        listings: Listings,
        store: BlobStore,
        reader: SourceReader,
        limits: CsvLimits,
        defaults: BatchSpec,
        default_key_name: str,
        clock: Clock,
        metrics: Metrics,
        large: Lock,
    ) -> None:
        """`large` is held while a large CSV is worked on: it takes up to 40 times its size of memory."""
        self._large = large
        self._registry = registry
        self._batches = batches
        self._archive = archive
        self._listings = listings
        self._store = store
        self._reader = reader
        self._limits = limits
        self._defaults = defaults
        self._default_key_name = default_key_name
        self._clock = clock
        self._metrics = metrics
        self._first_tried: dict[str, datetime] = {}

    def take_in(self, claimed_id: str) -> bool:
        """Make a request of what was declared under an id; False when there is nothing that could become one.

        Raises Unavailable while what it needs is not there yet.
        """
        if self._archive.known([claimed_id]):
            return False
        found = self._registry.hand_written(claimed_id, self._defaults)
        if found is None or self._archive.known([found.request_id]):
            return False
        try:
            self._accept(found)
        except (InvalidRequest, Conflict) as error:
            self._refuse(found, error)
        except (NotFound, Refused, Unavailable) as error:
            self._wait_or_refuse(found, error)
        self._first_tried.pop(found.request_id, None)
        return found.request_id == claimed_id

    def _accept(self, found: HandWritten) -> None:
        if isinstance(found.source, RetrySource):
            self._accept_retry(found, found.source.request_id)
            return
        # Once it was read the source is not asked again: it may be another by now.
        stored = self._store.head(names.input_key(found.request_id))
        data = self._store.get(stored.key) if stored else self._reader.read(found.source)
        with self._large if len(data) > intake.LARGE_CSV_BYTES else nullcontext():
            intake.accept(
                found.request_id,
                data,
                found.spec,
                found.owner,
                store=self._store,
                batches=self._batches,
                registry=self._registry,
                limits=self._limits,
                clock=self._clock,
                resource=found.resource,
            )

    def _accept_retry(self, found: HandWritten, parent_id: str) -> None:
        parent = self._batches.get(parent_id)
        its_namespace = parent.resource.namespace if parent.resource else None
        if parent.owner != found.owner and its_namespace != found.resource.namespace:
            raise NotFound(f"there is no request {parent_id!r}")
        try:
            with self._large if parent.progress.counts.total > LARGE_SLOTS else nullcontext():
                accept_retry(
                    parent,
                    store=self._store,
                    batches=self._batches,
                    archive=self._archive,
                    listings=self._listings,
                    registry=self._registry,
                    clock=self._clock,
                    asked=Asked(found.request_id, found.owner, found.spec, found.resource),
                )
        except Conflict as error:
            if error.code == "retry_in_progress":
                raise Unavailable(error.message, dependency="database") from error
            raise

    def _wait_or_refuse(self, found: HandWritten, error: NotFound | Refused | Unavailable) -> None:
        """Give what the resource names some time to appear; what we need ourselves is waited for without end."""
        if isinstance(error, Unavailable) and error.dependency != "source":
            raise error
        now = self._clock.now()
        since = self._first_tried.setdefault(found.request_id, now)
        if now - since >= PATIENCE:
            self._refuse(found, error)
            return
        if since == now:
            self._registry.warn(found.resource, "SourceMissing", f"Waiting for the source: {error.message}")
        raise Unavailable(error.message, dependency="source") from error

    def _refuse(self, found: HandWritten, error: ImageBatchError) -> None:
        """Write the end of what cannot become a batch."""
        now, progress = self._clock.now(), Progress(Counts(0))
        verdict = Verdict(Status.FAILED, Reason.INVALID_SOURCE, why_invalid(error))
        batch = NewBatch(
            request_id=found.request_id,
            owner=found.owner,
            spec=found.spec,
            source_sha256="",
            progress=progress,
            accepted_at=now,
            resource=found.resource,
        )
        delivery = delivery_for(batch, verdict, progress, None, now, default_key_name=self._default_key_name)
        self._batches.refuse(batch, Final(verdict, progress, has_result=False, finished_at=now, delivery=delivery))
        self._metrics.batches.labels(verdict.status, verdict.reason).inc()
        log.info("%s/%s: %s", verdict.status, verdict.reason, verdict.message)


def why_invalid(error: ImageBatchError) -> str:
    """Return the reason in words, with the first rows that are wrong."""
    violations = error.violations if isinstance(error, InvalidRequest) else ()
    named = [f"line {each.line}: {each.message}" if each.line else each.message for each in violations[:ROWS_NAMED]]
    more = [f"and {len(violations) - ROWS_NAMED} more"] if len(violations) > ROWS_NAMED else []
    return " ".join([error.message, *(f"{words.rstrip('.')};" for words in named), *more]).rstrip(";")
