"""The state machine: what clients do, what programs do, and what befalls them, in any order.

After each step what clients were told is compared with what the servers hold. At the end of each run everything is
mended, and then every request has to come to its end, every webhook to its receiver, and what was deleted to go.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from fakes.memory_jobs import MemoryRegistry
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.service import csv_of

from imagebatch.intake import accept
from imagebatch.model.csvrows import CsvLimits
from imagebatch.model.errors import Conflict, ImageBatchError, NotFound
from imagebatch.model.names import retry_id
from imagebatch.ports import IdempotencyKey
from imagebatch.retry import accept_retry
from imagebatch_api.idempotency import once
from simulation.lines import Fault, Killed
from simulation.orders import FAULTS, ORDERS, WHICH, Order
from simulation.told import OWNERS, Told, check, results_open, webhooks_are_right
from simulation.world import RETENTION_DAYS, Api, World

T = TypeVar("T")
OWNER = "local"
HOUR = 3_600.0
ROUNDS = 60


class ServiceMachine(RuleBasedStateMachine):
    """Over any servers; `make_world` gives empty ones."""

    def __init__(self) -> None:
        super().__init__()
        self.world = self.make_world()
        self.told: dict[str, Told] = {}
        self.keyed: dict[str, str] = {}
        self.ids = 0

    def make_world(self) -> World:
        raise AssertionError("a machine says over which servers it runs")

    # ------------------------------------------------------------------------------------------ what clients do

    @initialize(order=ORDERS)
    def submit_the_first(self, order: Order) -> None:
        self.submit(order, None)

    @rule(order=ORDERS)
    def submit_another(self, order: Order) -> None:
        self.submit(order, None)

    @rule(order=ORDERS, fault=FAULTS)
    def submit_under_a_fault(self, order: Order, fault: Fault) -> None:
        self.submit(order, fault)

    def submit(self, order: Order, fault: Fault | None) -> None:
        self.ids += 1
        request_id, key = str(uuid.uuid5(uuid.NAMESPACE_URL, str(self.ids))), order.key
        made = Told(request_id, order.urls, order.webhook)
        answer = self.call(lambda api: self.upload(api, made, order), fault)
        if isinstance(answer, str) and answer != request_id:
            assert key is not None
            assert self.keyed.get(key) == answer, "another request was answered"
        # The answer may have been lost after the row was committed.
        if answer == request_id or self.is_there(request_id):
            self.told[request_id] = made
            if key is not None:
                # A key goes with its request's row.
                assert key not in self.keyed or self.told[self.keyed[key]].deleted, "one key made two requests"
                self.keyed[key] = request_id

    def upload(self, api: Api, made: Told, order: Order) -> str:
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
                limits=CsvLimits(10_000, 100, 20, 200, 10),
                clock=self.world.clock,
                idempotency=named,
            )
            return made.request_id

        return make() if named is None else once(api.batches, OWNER, named, make).request_id

    @precondition(lambda self: self.told)
    @rule(which=WHICH, fault=FAULTS)
    def cancel(self, which: int, fault: Fault | None) -> None:
        told = self.one(which, self.unfinished)

        def ask(api: Api) -> bool:
            batch = api.batches.get(told.request_id, OWNERS)
            if not batch.status.is_final:
                api.batches.record_cancel(told.request_id)
            return not batch.status.is_final

        if self.call(ask, fault) is True:
            told.cancelled = True
        elif not told.deleted and not told.delete_asked:
            told.cancelled = told.cancelled or self.world.database.batches.get(told.request_id).intent.cancel

    @precondition(lambda self: self.told)
    @rule(which=WHICH, fault=FAULTS)
    def retry(self, which: int, fault: Fault | None) -> None:
        parent, world = self.one(which, self.ended), self.world

        def ask(api: Api) -> str:
            batch = api.batches.get(parent.request_id, OWNERS)
            return accept_retry(
                batch,
                store=api.store,
                batches=api.batches,
                listings=api.listings,
                registry=MemoryRegistry(),
                clock=world.clock,
            )

        answer, request_id = self.call(ask, fault), retry_id(parent.request_id)
        if isinstance(answer, Conflict):
            failed = parent.final is not None and (not parent.final.has_result or parent.final.progress.counts.failed)
            assert answer.code in (("retry_deleted",) if failed else ("not_retryable",)), answer.code
        assert not isinstance(answer, NotFound) or parent.deleted or parent.delete_asked
        assert not isinstance(answer, str) or answer == request_id
        if request_id not in self.told and self.is_there(request_id):
            self.told[request_id] = Told(request_id, parent.urls, parent.webhook, parent)

    @precondition(lambda self: self.told)
    @rule(which=WHICH, fault=FAULTS)
    def delete(self, which: int, fault: Fault | None) -> None:
        told, now = self.one(which, self.ended), self.world.clock.now()
        answer = self.call(lambda api: api.archive.mark_deleted(told.request_id, OWNERS, now), fault)
        if isinstance(answer, Conflict):
            assert told.final is None
        elif told.final is not None:
            told.delete_asked = True
            told.deleted = told.deleted or answer is None
        else:
            assert answer is not None, "a request that had not ended was deleted"

    @precondition(lambda self: self.told)
    @rule(which=WHICH, fault=FAULTS)
    def redeliver(self, which: int, fault: Fault | None) -> None:
        told, now = self.one(which), self.world.clock.now()
        answer = self.call(lambda api: api.deliveries.redeliver(told.request_id, now), fault)
        assert answer is not True or (told.webhook and told.final is not None and not told.deleted)

    # ---------------------------------------------------------------------------------------- what programs do

    @rule(fault=FAULTS)
    def sweep(self, fault: Fault | None) -> None:
        self.operate(self.world.operator.sweep, fault)

    @precondition(lambda self: self.told)
    @rule(which=WHICH, fault=FAULTS, times=st.integers(1, 3))
    def look(self, which: int, fault: Fault | None, times: int) -> None:
        for _ in range(times):
            self.operate(lambda: self.world.operator.look(self.one(which).request_id), fault)

    @precondition(lambda self: self.unfinished)
    @rule(
        which=WHICH,
        shard=WHICH,
        fault=FAULTS,
        meanwhile=st.sampled_from(["", "", "look", "cancel", "restart", "twice"]),
    )
    def work(self, which: int, shard: int, fault: Fault | None, meanwhile: str) -> None:
        told = self.one(which, self.unfinished)
        if not self.world_jobs(told.request_id):
            self.operate(lambda: self.world.operator.look(told.request_id))
        if not (waiting := self.world_jobs(told.request_id)):
            return
        index = waiting[shard % len(waiting)]
        happens = {
            "look": lambda: self.operate(lambda: self.world.operator.look(told.request_id)),
            "cancel": lambda: self.cancel_now(told),
            "restart": self.world.start_operator,
            "twice": lambda: self.work_twice(told, index),
        }.get(meanwhile)
        self.world.run_shard(told.request_id, index, fault, kept=told.kept, meanwhile=happens)

    def cancel_now(self, told: Told) -> None:
        self.world.database.batches.record_cancel(told.request_id)
        told.cancelled = True
        self.operate(lambda: self.world.operator.look(told.request_id))

    def work_twice(self, told: Told, index: int) -> None:
        """Start the operator anew, and a second worker of the shard while the first one still ends."""
        self.world.start_operator()
        self.operate(lambda: self.world.operator.look(told.request_id))
        if index in self.world_jobs(told.request_id):
            self.world.run_shard(told.request_id, index, kept=told.kept)

    @precondition(lambda self: self.unfinished)
    @rule(which=WHICH)
    def bring_to_its_end(self, which: int) -> None:
        """Do what usually happens: look, work, look."""
        self.finish(self.one(which, self.unfinished))

    @rule(fault=FAULTS, status=st.sampled_from([200, 200, 500, 410, 302]))
    def deliver(self, fault: Fault | None, status: int) -> None:
        self.world.receiver.status = status
        self.operate(self.world.operator.deliver, fault)

    @rule(fault=FAULTS)
    def keep_house(self, fault: Fault | None) -> None:
        old = self.world.clock.now() - timedelta(days=RETENTION_DAYS)
        for told in self.told.values():
            expires = told.final is not None and told.final.finished_at is not None and told.final.finished_at < old
            told.delete_asked = told.delete_asked or expires
        self.operate(self.world.operator.keep_house, fault)

    # --------------------------------------------------------------------------------------- what befalls them

    @initialize(outlive=st.booleans())
    def jobs_of_a_cluster_or_of_one_machine(self, outlive: bool) -> None:
        self.world.jobs_outlive_the_operator = outlive

    @rule()
    def restart(self) -> None:
        self.world.start_operator()

    @rule(away=st.sampled_from([(), (), (), ("database",), ("store",), ("database", "store")]))
    def outage(self, away: tuple[str, ...]) -> None:
        self.world.servers.away = set(away)

    @rule(seconds=st.sampled_from([1.0, 60.0, HOUR, 25 * HOUR, 31 * 24 * HOUR]))
    def tick(self, seconds: float) -> None:
        self.world.clock.pass_(seconds)

    @rule()
    def mend_sources(self) -> None:
        self.world.web.mended = True

    # ------------------------------------------------------------------------------------------ what must hold

    @invariant()
    def what_clients_were_told_is_so(self) -> None:
        for told in self.told.values():
            check(self.world, told)
        webhooks_are_right(self.world, list(self.told.values()))

    def teardown(self) -> None:
        self.world.servers.away.clear()
        self.world.receiver.status = 200
        self.world.start_operator()
        for told in list(self.told.values()):
            self.finish(told)
            self.operate(lambda told=told: self.world.operator.look(told.request_id))
            assert told.deleted or told.final is not None, "a request came to no end"
        self.deliver_all()
        for told in self.told.values():
            if not told.deleted:
                results_open(self.world, told)
        self.what_clients_were_told_is_so()
        assert self.world.jobs.left == [], "Jobs are left"

    def finish(self, told: Told) -> None:
        """Bring a request to its end if the servers let it."""
        for _ in range(ROUNDS):
            self.operate(lambda: self.world.operator.look(told.request_id))
            check(self.world, told)
            if told.deleted or (told.final is not None and told.request_id not in self.world.jobs.left):
                return
            if "store" not in self.world.servers.away:
                for index in self.world_jobs(told.request_id):
                    self.world.run_shard(told.request_id, index, kept=told.kept)
            if self.world.servers.away:
                return

    def deliver_all(self) -> None:
        self.world.clock.pass_(48 * HOUR)
        for _ in range(ROUNDS):
            if self.operate(self.world.operator.deliver) is False:
                break
        got = {headers["webhook-id"] for _, headers in self.world.receiver.got}
        for told in self.told.values():
            if told.webhook and not told.deleted:
                assert f"msg_{told.request_id}" in got, "a webhook was never sent"

    # ----------------------------------------------------------------------------------------------- in between

    def one(self, which: int, some: Sequence[Told] = ()) -> Told:
        among = some or list(self.told.values())
        return among[which % len(among)]

    @property
    def unfinished(self) -> list[Told]:
        return [told for told in self.told.values() if told.final is None]

    @property
    def ended(self) -> list[Told]:
        return [told for told in self.told.values() if told.final is not None]

    def world_jobs(self, request_id: str) -> list[int]:
        return self.world.jobs.startable(request_id)

    def is_there(self, request_id: str) -> bool:
        try:
            self.world.database.batches.get(request_id)
        except NotFound:
            return False
        return True

    def call(self, ask: Callable[[Api], T], fault: Fault | None = None) -> T | Exception | Killed:
        """Call the API; return its answer, or what came instead of one."""
        api = self.world.api()
        with api.program.under(fault):
            try:
                return ask(api)
            except (ImageBatchError, Killed) as error:
                return error

    def operate(self, work: Callable[[], T], fault: Fault | None = None) -> T | None:
        """Have the operator do something; what kills it starts it anew."""
        operator = self.world.operator
        with operator.program.under(fault):
            try:
                return work()
            except ImageBatchError:
                return None
            except Killed:
                self.world.start_operator()
                return None
