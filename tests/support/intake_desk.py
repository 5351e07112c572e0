"""The intake of resources written by hand, over a cluster, a database and a store in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from fakes.manual_clock import ManualClock
from fakes.memory_cluster import MemoryCluster
from fakes.memory_database import MemoryDatabase
from fakes.memory_store import MemoryBlobStore

from imagebatch.cluster import ClusterRegistry
from imagebatch.cluster.client import IMAGE_BATCHES
from imagebatch.metrics import Metrics
from imagebatch.model.batch import Batch, BatchSpec, Bytes, Counts, Progress, Reason, Status, Verdict
from imagebatch.model.csvrows import CsvLimits
from imagebatch.net.messages import Fetched, FetchLimits, Sink
from imagebatch.ports import Final, SettledSlot
from imagebatch.settings import LinkSettings
from imagebatch_operator.hand_written import HandWrittenIntake
from imagebatch_operator.source import SourceReader
from support.batch_scene import failed, scene_of, succeeded
from support.cluster_batches import written

CSV = "S. No.,Product Name,Input Image Urls\n1,Mug,http://a/0\n2,Cup,http://a/1\n"
INBOX = "inbox/"
ENDED = Verdict(Status.COMPLETED, Reason.PARTIALLY_SUCCEEDED, "1 of 2 images succeeded, 1 failed.")


@dataclass
class PlayedHttp:
    """Answers with `body`, or raises `error`; `asked` lists addresses and most bytes."""

    body: bytes = CSV.encode()
    error: Exception | None = None
    asked: list[tuple[str, int]] = field(default_factory=list)

    def get(self, url: str, *, limits: FetchLimits, into: Sink) -> Fetched:
        self.asked.append((url, limits.max_bytes))
        if self.error is not None:
            raise self.error
        into.write(self.body)
        return Fetched(200, len(self.body), "text/csv", url, 1)


class IntakeDesk:
    """`intake` is made anew by `restart`; `write` applies a resource and lets the registry hear of it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.cluster = MemoryCluster()
        self.database = MemoryDatabase()
        self.store = MemoryBlobStore(self.clock)
        self.http = PlayedHttp()
        self.defaults = BatchSpec(retries_per_shard=2, webhook_url="https://default.example/")
        self.limits = CsvLimits(max_bytes=1_000)
        self.large = Lock()
        self.restart()

    def restart(self) -> None:
        self.registry = ClusterRegistry(
            self.cluster,
            batches=self.database.batches,
            deliveries=self.database.deliveries,
            links=LinkSettings(link_secret="0123456789abcdef"),
            clock=self.clock,
        )
        reader = SourceReader(
            store=self.store,
            http=self.http,
            config_maps=self.registry,
            inbox=INBOX,
            max_bytes=self.limits.max_bytes,
        )
        self.intake = HandWrittenIntake(
            registry=self.registry,
            batches=self.database.batches,
            archive=self.database.archive,
            listings=self.database.listings,
            store=self.store,
            reader=reader,
            limits=self.limits,
            defaults=self.defaults,
            default_key_name="default",
            clock=self.clock,
            metrics=Metrics(),
            large=self.large,
        )
        for found in self.cluster.made(IMAGE_BATCHES):
            self.registry.note(found)

    def write(self, name: str = "mugs", **spec: Any) -> str:
        """Apply a resource; return the id that it claims."""
        return self.registry.note(self.cluster.put(IMAGE_BATCHES, written(name, **spec)))

    def taken(self, **spec: Any) -> Batch:
        """Apply a resource that is taken in at once; return its batch."""
        request_id = self.write(**spec)
        assert self.intake.take_in(request_id)
        return self.database.batches.get(request_id)

    def end(self, batch: Batch, *bad: int) -> Batch:
        """Let a batch end with some images failed."""
        scene = scene_of(self.store, batch)
        outcomes = [failed(image) if image.index in bad else succeeded(image) for image in scene.images]
        slots = [SettledSlot(number, 0, each, None if each.code else "l") for number, each in enumerate(outcomes)]
        progress = Progress(Counts(2, 2 - len(bad), len(bad)), Bytes(1, 1))
        final = Final(ENDED, progress, has_result=True, finished_at=self.clock.now())
        assert self.database.batches.finish(batch.request_id, final, slots)
        return self.database.batches.get(batch.request_id)
