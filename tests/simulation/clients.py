"""Clients of the played service: each call is made like the API's routes make it, and what came of it is kept."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TypeVar

from fakes.memory_jobs import MemoryRegistry
from support.service import csv_of

from imagebatch.intake import accept
from imagebatch.model.batch import Batch
from imagebatch.model.csvrows import CsvLimits
from imagebatch.model.errors import Conflict, ImageBatchError, InvalidRequest, NotFound
from imagebatch.model.names import retry_id
from imagebatch.ports import IdempotencyKey
from imagebatch.retry import accept_retry
from imagebatch_api.idempotency import once
from simulation.lines import Fault, Killed
from simulation.orders import Order
from simulation.told import OWNERS, Told, check
from simulation.world import Api, World

T = TypeVar("T")
(OWNER,) = OWNERS
LIMITS = CsvLimits(max_bytes=10_000, max_rows=100, max_urls_per_row=20, max_url_length=200, max_violations=10)


class Clients:
    """All clients. `told` is what they know of each request, by id; `keyed` the request of each idempotency key.

    `gone` are retries that were deleted and made anew.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.told: dict[str, Told] = {}
        self.keyed: dict[str, str] = {}
        self.gone: list[Told] = []
        self._ids = 0

    def submit(self, order: Order, fault: Fault | None = None) -> None:
        self._ids += 1
        request_id, key = str(uuid.uuid5(uuid.NAMESPACE_URL, str(self._ids))), order.key
        made = Told(request_id, order.urls, order.webhook)
        answer = self._call(lambda api: self._upload(api, made, order), fault)
        assert not isinstance(answer, InvalidRequest), f"an upload was refused: {answer.code} {answer.violations}"
        if isinstance(answer, str) and answer != request_id:
            assert key is not None
            assert self.keyed.get(key) == answer, "another request was answered"
        # The answer may have been lost after the row was committed.
        if answer == request_id or self._is_there(request_id):
            self.told[request_id] = made
            if key is not None:
                # A key goes with its request's row.
                assert key not in self.keyed or not self._is_there(self.keyed[key]), "one key made two requests"
                self.keyed[key] = request_id

    def now_of(self, told: Told) -> Told:
        """Return who has a request's id now: a retry may have been deleted and made anew meanwhile."""
        return self.told[told.request_id]

    def cancel(self, told: Told, fault: Fault | None = None) -> None:
        def ask(api: Api) -> bool:
            batch = api.batches.get(told.request_id, OWNERS)
            if not batch.status.is_final:
                api.batches.record_cancel(told.request_id)
            return not batch.status.is_final

        answer, told = self._call(ask, fault), self.now_of(told)
        if self._is_there(told.request_id):
            batch = self.world.database.batches.get(told.request_id)
            told.cancelled = told.cancelled or batch.intent.cancel
            assert answer is not True or told.cancelled or batch.status.is_final, "a cancel was lost"

    def retry(self, parent: Told, fault: Fault | None = None) -> None:
        answer, request_id = self._call(lambda api: self._retry(api, parent), fault), retry_id(parent.request_id)
        parent = self.now_of(parent)
        check(self.world, parent)
        if isinstance(answer, Conflict) and parent.final is not None:
            failed = not parent.final.has_result or parent.final.progress.counts.failed
            assert answer.code in (("retry_deleted", "retry_in_progress") if failed else ("not_retryable",)), (
                answer.code
            )
        assert not isinstance(answer, NotFound) or parent.deleted or parent.delete_asked
        assert not isinstance(answer, str) or answer == request_id
        if self._is_there(request_id):
            self._know_retry(parent, self.world.database.batches.get(request_id))

    def _know_retry(self, parent: Told, made: Batch) -> None:
        known = self.told.get(made.request_id)
        if known is not None:
            if known.made_at == made.created_at:
                return
            assert known.delete_asked, "a retry that nobody deleted was made anew"
            known.deleted = True
            self.gone.append(known)
        told = Told(made.request_id, parent.urls, parent.webhook, parent, made.created_at)
        told.cancelled = made.intent.cancel  # by another client, before this one had its answer
        self.told[made.request_id] = told

    def delete(self, told: Told, fault: Fault | None = None) -> None:
        now, had_ended = self.world.clock.now(), self.has_ended(told)
        answer = self._call(lambda api: api.archive.mark_deleted(told.request_id, OWNERS, now), fault)
        same, told = told is self.now_of(told), self.now_of(told)
        if isinstance(answer, Conflict):
            assert not (had_ended and same), "a request that had ended was not deleted"
            return
        assert had_ended or answer is not None or fault is not None, "a request that had not ended was deleted"
        told.delete_asked = True
        told.deleted = told.deleted or answer is None

    def redeliver(self, told: Told, fault: Fault | None = None) -> None:
        now = self.world.clock.now()
        answer = self._call(lambda api: api.deliveries.redeliver(told.request_id, now), fault)
        check(self.world, self.now_of(told))
        assert answer is not True or told.webhook, "a webhook that nobody asked for"

    def has_ended(self, told: Told) -> bool:
        """Return whether a request has ended, or did and is deleted by now."""
        if not self._is_there(told.request_id):
            return True
        return self.world.database.batches.get(told.request_id).status.is_final

    def _is_there(self, request_id: str) -> bool:
        try:
            self.world.database.batches.get(request_id)
        except NotFound:
            return False
        return True

    def _call(self, ask: Callable[[Api], T], fault: Fault | None) -> T | Exception | Killed:
        """Call the API; return its answer, or what came instead of one."""
        api = self.world.api()
        with api.program.under(fault):
            try:
                return ask(api)
            except (ImageBatchError, Killed) as error:
                return error

    def _upload(self, api: Api, made: Told, order: Order) -> str:
        named = None if order.key is None else IdempotencyKey(order.key, "the same")

        def make() -> str:
            accept(
                made.request_id,
                csv_of(made.urls),
                order.spec,
                OWNER,
                store=api.store,
                batches=api.batches,
                registry=MemoryRegistry(),
                limits=LIMITS,
                clock=self.world.clock,
                idempotency=named,
            )
            return made.request_id

        return make() if named is None else once(api.batches, OWNER, named, make).request_id

    def _retry(self, api: Api, parent: Told) -> str:
        return accept_retry(
            api.batches.get(parent.request_id, OWNERS),
            store=api.store,
            batches=api.batches,
            archive=api.archive,
            listings=api.listings,
            registry=MemoryRegistry(),
            clock=self.world.clock,
        )
