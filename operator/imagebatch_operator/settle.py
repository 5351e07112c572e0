"""Ends a batch: shard results become the result files, then one transaction writes the final status.

Called by reconcile. All that needs the store happens before the transaction, all that needs the database in it.
"""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING

from imagebatch.intake import read_accepted
from imagebatch.model import names
from imagebatch.model.batch import Counts, Progress
from imagebatch.model.errors import InvalidRequest, NotFound
from imagebatch.model.status import Ending, final_verdict
from imagebatch.ports import Final
from imagebatch_operator.harvest import harvest
from imagebatch_operator.notice import delivery_for
from imagebatch_operator.progress import unreadable
from imagebatch_operator.result_files import Harvested, Links, publish
from imagebatch_operator.spool import OutcomeSpool, SlotTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imagebatch.metrics import Metrics
    from imagebatch.model.batch import Batch, Verdict
    from imagebatch.ports import Batches, BlobStore, Clock, SettledSlot
    from imagebatch.settings import LinkSettings
    from imagebatch_operator.harvest import Harvest
    from imagebatch_operator.lifecycle import Stop
    from imagebatch_operator.webhooks import Schedule

LARGE_SLOTS = 20_000

log = logging.getLogger(__name__)


class Settler:
    """Writes the end of batches. `key_name` signs the webhooks of requests that name no key.

    `schedule` says when a webhook is tried first, None: at once. `large` is held while a large batch is worked on.
    """

    def __init__(
        self,
        *,
        batches: Batches,
        store: BlobStore,
        links: LinkSettings,
        key_name: str,
        clock: Clock,
        metrics: Metrics,
        schedule: Schedule | None = None,
        large: Lock | None = None,
    ) -> None:
        self._batches = batches
        self._store = store
        self._links = links
        self._key_name = key_name
        self._clock = clock
        self._metrics = metrics
        self._schedule = schedule
        self._large = large or Lock()

    def settle(self, request_id: str, stop: Stop) -> bool:
        """Publish the results and set the final status; False when another process is at it.

        `stop` says why the batch was stopped; it does not count if every shard has its results all the same.
        Raises Unavailable, with dependency `store` also when objects of the batch are missing or broken.
        """
        with self._open_batch(request_id) as batch:
            if batch is not None and not batch.status.is_final:
                self._settle(batch, stop)
            return batch is not None

    def abandon(self, request_id: str, stop: Stop) -> bool:
        """Set the final status without results, because the store is gone; False when another process is at it.

        The last live counts stand, the rest counts as failed.
        """
        with self._open_batch(request_id) as batch:
            if batch is not None and not batch.status.is_final:
                self._abandon(batch, stop)
            return batch is not None

    @contextmanager
    def _open_batch(self, request_id: str) -> Iterator[Batch | None]:
        """Hold the batch for settling; None when another process does."""
        with self._batches.settling(request_id) as mine:
            yield self._batches.get(request_id) if mine else None

    def _settle(self, batch: Batch, stop: Stop) -> None:
        started = self._clock.monotonic()
        # Large ones take hundreds of megabytes of memory and disk each: one at a time.
        turn = self._large if batch.progress.counts.total > LARGE_SLOTS else nullcontext()
        with turn, TemporaryDirectory(prefix="imagebatch-settle-") as name:
            folder = Path(name)
            with closing(OutcomeSpool(folder / "outcomes.jsonl")) as spool:
                with _readable(batch.request_id):
                    gathered, found = self._gather(batch.request_id, stop, spool)
                    verdict = final_verdict(_ending(batch, found))
                    publish(self._store, gathered, verdict, found.progress, folder)
                self._finish(batch, verdict, found.progress, gathered.settled(), gathered.links, found.codes)
        self._metrics.settle_seconds.observe(self._clock.monotonic() - started)

    def _gather(self, request_id: str, stop: Stop, spool: OutcomeSpool) -> tuple[Harvested, Harvest]:
        rows = read_accepted(self._store.get(names.input_key(request_id)))
        slots = SlotTable(len(row.image_urls) for row in rows.rows)
        found = harvest(self._store, request_id, stop, spool, slots)
        return Harvested(request_id, rows, slots, spool, Links(self._links, request_id)), found

    def _abandon(self, batch: Batch, stop: Stop) -> None:
        live = batch.progress.counts
        counts = Counts(live.total, live.succeeded, live.total - live.succeeded)
        ending = Ending(
            counts,
            cancelled=stop.cancelled,
            deadline_passed=stop.deadline_passed,
            refused=stop.refused,
            store_lost=True,
        )
        codes = Counter(ok=counts.succeeded, shard_failed=counts.failed)
        self._finish(batch, final_verdict(ending), Progress(counts, batch.progress.bytes), (), None, codes)

    def _finish(
        self,
        batch: Batch,
        verdict: Verdict,
        progress: Progress,
        slots: Iterable[SettledSlot],
        links: Links | None,
        codes: Counter[str],
    ) -> None:
        """Write the end; `links` None means that there are no result files."""
        now = self._clock.now()
        delivery = delivery_for(batch, verdict, progress, links, now, default_key_name=self._key_name)
        if delivery is not None and self._schedule is not None:
            delivery = replace(delivery, due_at=self._schedule.next_try(0, now, None))
        final = Final(verdict, progress, has_result=links is not None, finished_at=now, delivery=delivery)
        if self._batches.finish(batch.request_id, final, slots):
            self._count(batch, final, codes)
            log.info("%s/%s: %s", verdict.status, verdict.reason, verdict.message)

    def _count(self, batch: Batch, final: Final, codes: Counter[str]) -> None:
        metrics, volume = self._metrics, final.progress.bytes
        metrics.batches.labels(final.verdict.status, final.verdict.reason).inc()
        metrics.batch_seconds.observe((final.finished_at - batch.created_at).total_seconds())
        if batch.started_at is not None:
            metrics.queue_seconds.observe((batch.started_at - batch.created_at).total_seconds())
        metrics.input_bytes.inc(volume.input)
        metrics.output_bytes.inc(volume.output)
        for code, slots in codes.items():
            metrics.images.labels(code).inc(slots)


def _ending(batch: Batch, found: Harvest) -> Ending:
    return Ending(
        found.progress.counts,
        cancelled=found.stop.cancelled,
        deadline_passed=found.stop.deadline_passed,
        refused=found.stop.refused,
        shards_lost=0 if found.stop else found.shards_missing,
        failure_threshold_percent=batch.spec.failure_threshold_percent,
    )


@contextmanager
def _readable(request_id: str) -> Iterator[None]:
    """Turn what a missing or broken object causes into Unavailable."""
    try:
        yield
    except (NotFound, InvalidRequest, ValueError, KeyError, IndexError, TypeError) as error:
        raise unreadable(request_id, error) from error
