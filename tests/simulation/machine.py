"""The state machine: what clients do, what programs do, and what befalls them, in any order.

After each step what clients were told is compared with what the servers hold. At the end of each run everything is
mended: every request has to come to its end, what failed can be tried again, every webhook comes to its receiver, and
what was deleted goes for good. What came about is counted over all runs, for `something_happened`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from imagebatch.model.errors import ImageBatchError
from imagebatch.model.names import INSTALLATION_KEY
from simulation.clients import Clients
from simulation.lines import Fault, Killed
from simulation.orders import FAULTS, ORDERS, WHICH, Order
from simulation.told import Told, check, results_open, webhooks_are_right
from simulation.world import RETENTION_DAYS, World

T = TypeVar("T")
HOUR = 3_600.0
ROUNDS = 60


class ServiceMachine(RuleBasedStateMachine):
    """Over any servers; `make_world` gives empty ones, `happened` counts over all runs of a class."""

    happened: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.world = self.make_world()
        self.world.servers.happen = self.happen
        self.clients = Clients(self.world)

    def make_world(self) -> World:
        raise AssertionError("a machine says over which servers it runs")

    # ------------------------------------------------------------------------------------------ what clients do

    @initialize(order=ORDERS)
    def submit_the_first(self, order: Order) -> None:
        self.clients.submit(order)
        assert self.told, "an upload was not accepted though nothing befell it"

    @rule(order=ORDERS, fault=FAULTS)
    def submit(self, order: Order, fault: Fault | None) -> None:
        self.clients.submit(order, fault)

    @precondition(lambda self: self.unfinished)
    @rule(which=WHICH, fault=FAULTS)
    def cancel(self, which: int, fault: Fault | None) -> None:
        self.clients.cancel(one(self.unfinished, which), fault)

    @precondition(lambda self: self.ended)
    @rule(which=WHICH, fault=FAULTS)
    def retry(self, which: int, fault: Fault | None) -> None:
        self.clients.retry(one(self.ended, which), fault)

    @precondition(lambda self: self.ended_retries)
    @rule(which=WHICH, fault=FAULTS)
    def retry_anew(self, which: int, fault: Fault | None) -> None:
        """Make a retry again once it was deleted and, unless it has retries itself, is gone."""
        told = one(self.ended_retries, which)
        self.clients.delete(told)
        self.keep_house_without_a_fault()
        assert told.parent is not None
        self.clients.retry(self.clients.now_of(told.parent), fault)

    @precondition(lambda self: self.told)
    @rule(which=WHICH, fault=FAULTS)
    def delete(self, which: int, fault: Fault | None) -> None:
        self.clients.delete(one(self.told, which), fault)

    @precondition(lambda self: self.ended)
    @rule(which=WHICH, fault=FAULTS)
    def redeliver(self, which: int, fault: Fault | None) -> None:
        self.clients.redeliver(one(self.ended, which), fault)

    # ---------------------------------------------------------------------------------------- what programs do

    @rule(fault=FAULTS)
    def sweep(self, fault: Fault | None) -> None:
        self.operate(self.world.operator.sweep, fault)

    @precondition(lambda self: self.told)
    @rule(which=WHICH, fault=FAULTS, times=st.integers(1, 3))
    def look(self, which: int, fault: Fault | None, times: int) -> None:
        told = one(self.told, which)
        for _ in range(times):
            self.look_at(told, fault)
            check(self.world, self.clients.now_of(told))

    @precondition(lambda self: self.unfinished)
    @rule(
        which=WHICH,
        shard=WHICH,
        fault=FAULTS,
        meanwhile=st.sampled_from(["", "", "look", "cancel", "restart", "twice"]),
    )
    def work(self, which: int, shard: int, fault: Fault | None, meanwhile: str) -> None:
        told = one(self.unfinished, which)
        if not self.startable(told):
            self.look_at(told)
        if not (waiting := self.startable(told)):
            return
        index = waiting[shard % len(waiting)]
        happens = {
            "look": lambda: self.look_at(told),
            "cancel": lambda: self.cancel_and_look(told),
            "restart": self.world.start_operator,
            "twice": lambda: self.work_twice(told, index),
        }.get(meanwhile)
        self.world.run_shard(told.request_id, index, fault, kept=told.kept, meanwhile=happens)

    @precondition(lambda self: self.unfinished)
    @rule(which=WHICH)
    def bring_to_its_end(self, which: int) -> None:
        self.finish(one(self.unfinished, which))

    @rule(fault=FAULTS, status=st.sampled_from([200, 200, 500, 410, 302]))
    def deliver(self, fault: Fault | None, status: int) -> None:
        self.world.receiver.status = status
        self.operate(self.world.operator.deliver, fault)

    @rule(fault=FAULTS)
    def keep_house(self, fault: Fault | None) -> None:
        self.note_what_expires()
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

    def happen(self, event: str) -> None:
        """Let others do something in the middle of a program's work; a fault befalls nobody else then."""
        clients, other = self.clients, self.world.other_operator
        one_by_one = {"cancel": clients.cancel, "delete": clients.delete, "retry": clients.retry}
        if event in one_by_one:
            for told in self.told:
                one_by_one[event](clients.now_of(told))
        if event.startswith("work"):
            for told in self.told:
                self.work_off(told)
        with suppress(ImageBatchError):
            if event.endswith("sweep"):
                other.sweep()
            elif event == "keep house":
                self.note_what_expires()
                other.keep_house()

    # ------------------------------------------------------------------------------------------ what must hold

    @invariant()
    def what_clients_were_told_is_so(self) -> None:
        for told in self.told:
            check(self.world, told)
        webhooks_are_right(self.world, [*self.clients.gone, *self.told])

    def teardown(self) -> None:
        self.world.servers.away.clear()
        self.world.start_operator()
        self.everything_ends()
        for told in self.told:
            self.clients.retry(told)
        self.everything_ends()
        assert self.world.jobs.left == [], "Jobs are left"
        self.every_webhook_arrives()
        self.keep_house_without_a_fault()
        self.what_clients_were_told_is_so()
        for told in self.told:
            if not told.deleted:
                results_open(self.world, told)
        self.what_is_deleted_goes()
        self.count_what_happened()

    def everything_ends(self) -> None:
        for told in self.told:
            self.finish(told)
            self.look_at(told)
            assert told.deleted or told.final is not None, "a request came to no end"

    def count_what_happened(self) -> None:
        told = [*self.clients.gone, *self.told]
        now = {
            "accepted": sum(each.parent is None for each in told),
            "ended": sum(each.final is not None for each in told),
            "retried": sum(each.parent is not None for each in told),
            "retried anew": len(self.clients.gone),
            "deleted": sum(each.deleted for each in told),
            "delivered": self.world.receiver.taken,
        }
        self.happened.update(now)

    def every_webhook_arrives(self) -> None:
        self.world.receiver.status = 200
        self.world.clock.pass_(48 * HOUR)
        for _ in range(ROUNDS):
            if self.operate(self.world.operator.deliver) is False:
                break
        got = {headers["webhook-id"] for _, headers in self.world.receiver.got}
        for told in self.told:
            state = self.world.database.deliveries.state(told.request_id)
            assert (state is not None) == (told.webhook and not told.deleted)
            assert state is None or told.webhook_id in got, "a webhook was never sent"
            assert state is None or state.due_at is None, "a webhook that arrived is to be sent again"

    def what_is_deleted_goes(self) -> None:
        for told in self.told:
            self.clients.delete(told)
        self.world.clock.pass_(25 * HOUR)
        self.keep_house_without_a_fault()
        assert [blob.key for blob in self.world.store.list("")] == [INSTALLATION_KEY], "objects are left"
        assert self.world.database.archive.known([told.request_id for told in self.told]) == frozenset()

    # ----------------------------------------------------------------------------------------------- in between

    @property
    def told(self) -> list[Told]:
        return list(self.clients.told.values())

    @property
    def unfinished(self) -> list[Told]:
        return [told for told in self.told if told.final is None and not told.deleted]

    @property
    def ended(self) -> list[Told]:
        return [told for told in self.told if told.final is not None]

    @property
    def ended_retries(self) -> list[Told]:
        return [told for told in self.ended if told.parent is not None]

    def startable(self, told: Told) -> list[int]:
        return self.world.jobs.startable(told.request_id)

    def finish(self, told: Told) -> None:
        """Bring a request to its end if the servers let it."""
        for _ in range(ROUNDS):
            self.look_at(told)
            check(self.world, told)
            if told.deleted or (told.final is not None and told.request_id not in self.world.jobs.left):
                return
            self.work_off(told)
            if self.world.servers.away:
                return

    def work_off(self, told: Told) -> None:
        """Run every shard that may start; while the store is away they would wait for it."""
        for index in self.startable(told) if "store" not in self.world.servers.away else ():
            if index in self.startable(told):
                self.world.run_shard(told.request_id, index, kept=told.kept)

    def cancel_and_look(self, told: Told) -> None:
        self.clients.cancel(told)
        self.look_at(told)

    def work_twice(self, told: Told, index: int) -> None:
        """Start the operator anew, and a second worker of the shard while the first one still ends."""
        self.world.start_operator()
        self.look_at(told)
        if index in self.startable(told):
            self.world.run_shard(told.request_id, index, kept=told.kept)

    def look_at(self, told: Told, fault: Fault | None = None) -> None:
        self.operate(lambda: self.world.operator.look(told.request_id), fault)

    def keep_house_without_a_fault(self) -> None:
        self.note_what_expires()
        self.operate(self.world.operator.keep_house)

    def note_what_expires(self) -> None:
        before = self.world.clock.now() - timedelta(days=RETENTION_DAYS)
        for told in self.told:
            finished_at = told.final and told.final.finished_at
            told.delete_asked = told.delete_asked or (finished_at is not None and finished_at < before)

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


def something_happened(happened: Counter[str]) -> None:
    """Fail when the runs proved nothing, for want of what the rules are about."""
    missing = [each for each in ("accepted", "ended", "retried", "deleted", "delivered") if not happened[each]]
    assert not missing, f"in no run: {missing}; in all of them: {dict(happened)}"


def one(some: Sequence[T], which: int) -> T:
    return some[which % len(some)]
