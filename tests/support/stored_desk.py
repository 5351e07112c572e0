"""A batch that ends, and the calls that retry and delete it, on a real Postgres and a real S3."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from imagebatch.clock import SystemClock
from imagebatch.database.row_registry import RowRegistry
from imagebatch.model import names
from imagebatch.ports import DeliveryAttempt
from imagebatch.retry import accept_retry
from imagebatch_operator.lifecycle import Stop
from support.batch_scene import Scene, failed, make_scene, scene_of, succeeded

if TYPE_CHECKING:
    from imagebatch.database.postgres import PostgresDatabase
    from imagebatch.model.batch import Batch, BatchSpec
    from imagebatch.store import S3BlobStore
    from imagebatch_operator.settle import Settler

URLS = [["http://a/0", "http://a/1"], ["http://a/2", "http://a/0"], ["http://a/3", "http://a/1"]]
OWNERS = frozenset({"tester"})


class StoredDesk:
    """A batch and its retries, as the services hold them."""

    def __init__(self, database: PostgresDatabase, store: S3BlobStore, settler: Settler) -> None:
        self.database, self.store, self.settler = database, store, settler

    def accept(self, spec: BatchSpec) -> Scene:
        scene = make_scene(self.store, URLS, spec=spec)
        self.database.batches.accept(scene.new_batch(SystemClock().now()), scene.product_rows())
        return scene

    def end(self, scene: Scene, *bad: int) -> Batch:
        """Do every image of a batch but some, outputs and all."""
        for image in scene.images:
            if image.index not in bad:
                key = names.image_key(scene.request_id, f"{image.index}.jpg")
                self.store.put(key, scene.request_id.encode(), "image/jpeg")
        scene.finish_shard(0, [failed(i) if i.index in bad else succeeded(i) for i in scene.images])
        assert self.settler.settle(scene.request_id, Stop())
        return self.database.batches.get(scene.request_id)

    def retry(self, parent: Batch) -> str:
        return accept_retry(
            parent,
            store=self.store,
            batches=self.database.batches,
            archive=self.database.archive,
            listings=self.database.listings,
            registry=RowRegistry(self.database.batches, SystemClock()),
            clock=SystemClock(),
        )

    def scene(self, request_id: str) -> Scene:
        return scene_of(self.store, self.database.batches.get(request_id))

    def delete(self, request_id: str) -> None:
        self.database.archive.mark_deleted(request_id, OWNERS, SystemClock().now())

    def webhook_id(self, request_id: str) -> str | None:
        state = self.database.deliveries.state(request_id)
        return state and state.webhook_id

    def delivered(self) -> str:
        """Deliver what is due, which is one message; return its id."""
        now = SystemClock().now()
        due = self.database.deliveries.claim(now, 60)
        assert due is not None
        attempt = DeliveryAttempt(due.attempts + 1, now, 1, http_status=200)
        self.database.deliveries.record_attempt(due, attempt, delivered=True)
        assert self.database.deliveries.claim(now, 60) is None
        return due.webhook_id

    def linked(self, request_id: str) -> list[bytes | None]:
        """What each link of a request's output CSV leads to: who made it; None where the image failed."""
        text = self.store.get(names.result_key(request_id, "output.csv")).decode()
        cells = [cell for row in list(csv.reader(io.StringIO(text)))[1:] for cell in row[-1].split(",")]
        keys = ["requests/" + cell.partition("?")[0].partition("/results/")[2] if cell else None for cell in cells]
        return [self.store.get(key) if key else None for key in keys]
