"""A batch that has ended, in memory, and the call that retries it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fakes.manual_clock import ManualClock
from fakes.memory_archive import MemoryArchive
from fakes.memory_batches import MemoryBatches
from fakes.memory_jobs import MemoryRegistry
from fakes.memory_listings import MemoryListings
from fakes.memory_store import MemoryBlobStore

from imagebatch.model.batch import BatchSpec, Bytes, Counts, Progress, Reason, Status, Verdict
from imagebatch.ports import Final, SettledSlot
from imagebatch.retry import accept_retry
from support.batch_scene import Scene, failed, make_scene, succeeded

if TYPE_CHECKING:
    from imagebatch.model.batch import Batch

ENDED = Verdict(Status.COMPLETED, Reason.PARTIALLY_SUCCEEDED, "Some images succeeded.")


@dataclass
class RetryDesk:
    """What a retry needs, over one batch; `end` ends it with the images of some numbers failed."""

    clock: ManualClock = field(default_factory=ManualClock)
    store: MemoryBlobStore = field(default_factory=MemoryBlobStore)
    batches: MemoryBatches = field(default_factory=MemoryBatches)
    registry: MemoryRegistry = field(default_factory=MemoryRegistry)

    def accept(self, url_lists: list[list[str]], spec: BatchSpec | None = None) -> Scene:
        scene = make_scene(self.store, url_lists, spec=spec)
        self.batches.accept(scene.new_batch(self.clock.now()), scene.product_rows())
        return scene

    def end(self, scene: Scene, *bad: int, has_result: bool = True) -> Batch:
        outcomes = [failed(image) if image.index in bad else succeeded(image) for image in scene.images]
        slots = [
            SettledSlot(row, position, outcome, None if outcome.code else "https://out")
            for image, outcome in zip(scene.images, outcomes, strict=True)
            for row, position in image.slots
        ]
        lost = sum(each.slots for each in outcomes if each.code)
        counts = Counts(scene.plan.slots, scene.plan.slots - lost, lost)
        final = Final(ENDED, Progress(counts, Bytes(1, 1)), has_result=has_result, finished_at=self.clock.now())
        assert self.batches.finish(scene.request_id, final, slots if has_result else [])
        return self.batches.get(scene.request_id)

    def retry(self, parent: Batch) -> str:
        return accept_retry(
            parent,
            store=self.store,
            batches=self.batches,
            archive=MemoryArchive(self.batches),
            listings=MemoryListings(self.batches),
            registry=self.registry,
            clock=self.clock,
        )
