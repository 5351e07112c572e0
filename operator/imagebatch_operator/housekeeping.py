"""What goes: requests past their time, requests that were deleted, objects that no request names. A thread of main.

Every step can be killed and done again. Two operators may do it at once: each holds a request's settle lock while it
removes it, as a retry does while it is made.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from imagebatch.model import names
from imagebatch.model.errors import Refused, Unavailable
from imagebatch.model.request_ids import is_request_id
from imagebatch.telemetry import about
from imagebatch_operator.removal import Remover

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from imagebatch.metrics import Metrics
    from imagebatch.ports import Archive, Batches, BlobStore, Clock, Deleted, Registry
    from imagebatch.settings import OperatorSettings

MOST_OBJECTS = 20_000  # of one run; after that whose objects they are is asked again
IDS_AT_ONCE = 1_000

log = logging.getLogger(__name__)


class Housekeeper:
    """Removes what is to go. Removes nothing while the store's marker names another installation."""

    def __init__(
        self,
        *,
        batches: Batches,
        archive: Archive,
        store: BlobStore,
        registry: Registry,
        settings: OperatorSettings,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._batches = batches
        self._archive = archive
        self._store = store
        self._registry = registry
        self._retention = timedelta(days=settings.retention_days)
        self._stray_age = timedelta(hours=settings.stray_hours)
        self._clock = clock
        self._metrics = metrics

    def run(self, stop: threading.Event, *, everything: bool = True) -> bool:
        """Remove what was deleted, and with `everything` what is too old and what is stray; return if more is left.

        Raises Unavailable when the store or the database does not answer: the next run goes on.
        """
        if not self._is_ours():
            self._metrics.housekeeping_runs.labels("mismatch").inc()
            return False
        remover = Remover(self._store, MOST_OBJECTS, stop)
        if everything:
            self._expire()
        self._remove_deleted(remover)
        if everything:
            self._remove_strays(remover)
        self._metrics.housekeeping_runs.labels("done").inc()
        return remover.is_spent

    def _is_ours(self) -> bool:
        """Return whether the objects belong to the database that is connected; mark them when nobody has."""
        ours = self._archive.installation_id()
        if self._store.head(names.INSTALLATION_KEY) is None:
            self._store.put(names.INSTALLATION_KEY, ours.encode(), "text/plain")
        found = self._store.get(names.INSTALLATION_KEY)
        if found != ours.encode():
            log.error(
                "nothing is removed: the objects belong to the installation %r, the database to %r", found[:64], ours
            )
        return found == ours.encode()

    def _expire(self) -> None:
        now = self._clock.now()
        if not self._retention:
            return
        while expired := self._archive.expire(now - self._retention, now):
            log.info("%d requests are past their time", len(expired))

    def _remove_deleted(self, remover: Remover) -> None:
        """Remove what was marked deleted. Once the last retry of a request went, its own turn comes."""
        freed = True
        while freed and not remover.is_spent:
            freed = False
            for deleted in self._archive.deleted():
                with about(deleted.request_id):
                    freed |= self._removed_unless_refused(deleted, remover)

    def _removed_unless_refused(self, deleted: Deleted, remover: Remover) -> bool:
        try:
            return self._remove_request(deleted, remover)
        except Refused:
            log.warning("the resource of a deleted request may not be removed, so the request stays", exc_info=True)
            return False

    def _remove_request(self, deleted: Deleted, remover: Remover) -> bool:
        """Remove what no retry needs of a request; return whether it went for good."""
        request_id, has_retry = deleted.request_id, deleted.has_retry
        if has_retry and self._store.head(names.input_key(request_id)) is None:
            return False
        if deleted.resource is not None:  # first: a resource without a row would be taken for a new request
            self._registry.withdraw(deleted.resource)
        with self._batches.settling(request_id) as mine:
            if not mine:
                return False
            if has_retry:
                remover.remove_all_but_images(request_id)
                return False
            gone = remover.remove_all(request_id) and self._archive.remove(request_id)
        if gone:
            log.info("the request is removed")
            self._metrics.housekeeping_removed.labels("request").inc()
        return gone

    def _remove_strays(self, remover: Remover) -> None:
        """Remove old folders of requests that no row names: of uploads that were cut off before their row."""
        written_before = self._clock.now() - self._stray_age
        for some in _in_lots(_request_ids(self._store)):
            known = self._archive.known(some)
            for request_id in some:
                if remover.is_spent:
                    return
                if request_id not in known:
                    with about(request_id):
                        self._remove_stray(request_id, written_before, remover)

    def _remove_stray(self, request_id: str, written_before: datetime, remover: Remover) -> None:
        with self._batches.settling(request_id) as mine:
            if not mine or not self._is_stray(request_id, written_before):
                return
            if remover.remove_all(request_id):
                log.warning("objects without a request are removed")
                self._metrics.housekeeping_removed.labels("stray").inc()

    def _is_stray(self, request_id: str, written_before: datetime) -> bool:
        """Return whether a request has no row and was not written to of late: an upload may be going on."""
        listed = list(self._store.list(names.request_prefix(request_id)))
        if not all(blob.modified_at is not None and blob.modified_at < written_before for blob in listed):
            return False
        if request_id in self._archive.known([request_id]):
            return False
        return self._has_had_its_time(request_id, [blob.key for blob in listed])

    def _has_had_its_time(self, request_id: str, keys: list[str]) -> bool:
        """Return whether objects without a row may go now: those of a request that was worked on wait once more.

        It had a row. The database may be an old backup, and people need time to see that.
        """
        worked_on = not all(names.is_made_at_acceptance(request_id, key) for key in keys)
        lost = names.lost_key(request_id)
        if lost in keys or names.plan_key(request_id) not in keys or not worked_on:
            return True
        self._store.put(lost, b"", "text/plain")
        log.error("an accepted request is not in the database; its objects are removed in %s", self._stray_age)
        return False


def _request_ids(store: BlobStore) -> Iterator[str]:
    """Yield the names of folders of requests; what is no request id is somebody else's."""
    for folder in store.folders(names.REQUESTS_PREFIX):
        name = folder.removeprefix(names.REQUESTS_PREFIX).removesuffix("/")
        if is_request_id(name):
            yield name


def _in_lots(request_ids: Iterable[str]) -> Iterator[list[str]]:
    waiting = iter(request_ids)
    while some := list(islice(waiting, IDS_AT_ONCE)):
        yield some


def keep_house_until(
    stop: threading.Event, keeper: Housekeeper, wake: threading.Event, *, seconds: float, clock: Clock, metrics: Metrics
) -> None:
    """Keep house at once and every `seconds` until stopped; `wake` says that a request was deleted. A thread's body."""
    due = clock.monotonic()
    while not stop.is_set():
        wake.clear()
        everything = clock.monotonic() >= due
        if everything:
            due = clock.monotonic() + seconds
        more = False
        try:
            more = keeper.run(stop, everything=everything)
        except Unavailable as error:
            metrics.housekeeping_runs.labels("failed").inc()
            log.warning("no housekeeping: %s", error)
        if more and everything:
            due = clock.monotonic()
        if not more and not stop.is_set():
            wake.wait(max(0.0, due - clock.monotonic()))
