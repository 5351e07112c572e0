"""The programs of one installation over servers that outlive them: API, operator, and one shard after the other."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from fakes.manual_clock import ManualClock
from fakes.memory_jobs import MemoryRegistry

from imagebatch.metrics import Metrics
from imagebatch.model import names
from imagebatch.model.attempts import history
from imagebatch.model.errors import ImageBatchError, Misconfigured, NotFound
from imagebatch.model.results import part_from_bytes
from imagebatch.net.messages import FetchLimits
from imagebatch.ports import Archive, Batches, BlobStore, Deliveries, Listings
from imagebatch.settings import DatabaseSettings, LinkSettings, OperatorSettings, StoreSettings, WebhookSettings
from imagebatch_operator.housekeeping import Housekeeper
from imagebatch_operator.reconcile import Reconciler
from imagebatch_operator.settle import Settler
from imagebatch_operator.webhooks import make_deliverer
from imagebatch_processor.download_room import DownloadRoom
from imagebatch_processor.ledger import Ledger
from imagebatch_processor.pipeline import Pipeline
from imagebatch_processor.run import Task, read_task
from imagebatch_processor.shard import End, Shard
from simulation.jobs import DONE, NEVER, STOPPED, PlayedJobs
from simulation.lines import Fault, Killed, Kind, Program, Servers, deaths_are_expected
from simulation.sources import Codec, Fetcher, Receiver, Web
from simulation.turns import OneThread

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LINKS = LinkSettings(public_url="https://images.example", link_secret="s3cret")
FLUSH_IMAGES = 2
ROOM = 1024 * 1024
RETENTION_DAYS = 30
MICROSECOND = 0.000_001
RETRY, SIGKILL = 1, -9
T = TypeVar("T")


class Database(Protocol):
    """What outlives every program, besides the store."""

    batches: Batches
    listings: Listings
    archive: Archive
    deliveries: Deliveries


@dataclass
class World:
    """One installation. `keys` is a folder with the signing key `default`.

    `killed` counts how often a shard was ended from outside, `troubled` are requests with a shard that met a fault.
    """

    database: Database
    store: BlobStore
    clock: ManualClock
    keys: Path
    servers: Servers = field(default_factory=Servers)
    web: Web = field(default_factory=Web)
    receiver: Receiver = field(default_factory=Receiver)
    jobs: PlayedJobs = field(default_factory=PlayedJobs)
    jobs_outlive_the_operator: bool = False
    killed: Counter[tuple[str, int]] = field(default_factory=Counter)
    troubled: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.start_operator()

    def start_operator(self) -> None:
        """Start the operator anew; on one machine its Jobs went with the one before.

        The other one stands for its other threads, and for the one before that is still ending.
        """
        if not self.jobs_outlive_the_operator:
            self.jobs.lose()
            self.jobs = PlayedJobs(self.jobs.given_up)
        self.operator, self.other_operator = Operator(self), Operator(self)

    def api(self) -> Api:
        """Return an API process for one call. No two calls are made at the same microsecond."""
        self.clock.pass_(MICROSECOND)
        return Api(self)

    def run_shard(
        self,
        request_id: str,
        index: int,
        fault: Fault | None = None,
        *,
        kept: Collection[str] = (),
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        """Run one shard to its end; `meanwhile` happens while its first image is being fetched.

        Neither what a part says is finished nor what is `kept` of a parent may be fetched.
        """
        jobs, program = self.jobs, Program("shard", self.servers)
        turns = OneThread(meanwhile, FLUSH_IMAGES)
        jobs.started(request_id, index, turns.request_stop)
        finished = {*self._finished(request_id, index), *kept}

        def at_fetch(url: str) -> None:
            program.step()
            assert url not in finished, f"{url} was finished and is fetched again"
            turns.meanwhile()

        with program.under(fault), deaths_are_expected():
            code = _exit_code(program, partial(self._work, program, turns, Task(request_id, index), at_fetch))
        if code == RETRY or program.was_let_down or (code == SIGKILL and program.met is not None):
            self.troubled.add(request_id)
        self.killed[request_id, index] += code == SIGKILL and program.met is not None and program.met.kind is Kind.KILL
        jobs.ended(request_id, index, code)

    def _work(self, program: Program, turns: OneThread, task: Task, at_fetch: Callable[[str], None]) -> End:
        store: Any = program.port("store", self.store)
        plan, images = read_task(store, task)
        ledger = Ledger(store, task.request_id, task.shard)
        fetcher = Fetcher(self.web, at_fetch, program.die)
        pipeline = Pipeline(
            task.request_id, plan.output, fetcher, FetchLimits(), DownloadRoom(ROOM, ROOM), Codec(), store
        )
        turns.shard = Shard(ledger, turns.flusher(ledger), pipeline, threads=1)
        return turns.run(images)

    def _finished(self, request_id: str, index: int) -> set[str]:
        keys = [blob.key for blob in self.store.list(names.parts_prefix(request_id, index))]
        return {done.url for done in history(part_from_bytes(self.store.get(key)) for key in keys).done.values()}


def _exit_code(program: Program, work: Callable[[], End]) -> int:
    try:
        return DONE if work() is End.DONE else STOPPED
    except Killed:
        return SIGKILL
    except (Misconfigured, NotFound):
        return NEVER
    except ImageBatchError:
        return RETRY


class Operator:
    """The operator's process."""

    def __init__(self, world: World) -> None:
        self.program = Program("operator", world.servers)
        self._world = world
        database, port = world.database, self.program.port
        self._batches: Any = port("database", database.batches)
        store: Any = port("store", world.store)
        settler = Settler(
            batches=self._batches, store=store, links=LINKS, key_name="default", clock=world.clock, metrics=Metrics()
        )
        self._reconciler = Reconciler(
            batches=self._batches,
            store=store,
            registry=MemoryRegistry(),
            jobs=port("jobs", world.jobs),
            settler=settler,
            progress_seconds=1.0,
            clock=world.clock,
            on_gone=lambda: None,
        )
        self._keeper = Housekeeper(
            batches=self._batches,
            archive=port("database", database.archive),
            store=store,
            registry=MemoryRegistry(),
            settings=_settings(),
            clock=world.clock,
            metrics=Metrics(),
        )
        self._deliverer = make_deliverer(
            WebhookSettings(webhook_keys_dir=str(world.keys)),
            deliveries=port("database", database.deliveries),
            http=port("receiver", world.receiver),
            clock=world.clock,
            metrics=Metrics(),
        )

    def look(self, request_id: str) -> float | None:
        """Look at one request."""
        return self._reconciler.reconcile(request_id)

    def sweep(self) -> None:
        """Look at every unfinished request."""
        for request_id in self._batches.unfinished():
            self.look(request_id)

    def keep_house(self) -> None:
        """Remove what is to go."""
        while self._keeper.run(threading.Event()):
            pass

    def deliver(self) -> bool:
        """Send the next webhook that is due."""
        return self._deliverer.deliver_next()


def _settings() -> OperatorSettings:
    store, database = StoreSettings("http://store", "key", "secret", "bucket"), DatabaseSettings("postgresql://nowhere")
    return OperatorSettings(store, database, LINKS, WebhookSettings(), retention_days=RETENTION_DAYS, stray_hours=24)


class Api:
    """A process of the API, good for one call."""

    def __init__(self, world: World) -> None:
        self.program = Program("api", world.servers)
        database, port = world.database, self.program.port
        self.batches: Any = port("database", database.batches)
        self.listings: Any = port("database", database.listings)
        self.archive: Any = port("database", database.archive)
        self.deliveries: Any = port("database", database.deliveries)
        self.store: Any = port("store", world.store)
