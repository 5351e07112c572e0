"""Batches made of nothing but objects in a store, as intake and shards leave them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagebatch.intake import read_accepted
from imagebatch.model import names
from imagebatch.model.batch import BatchSpec, Counts, Progress
from imagebatch.model.csvcells import csv_line
from imagebatch.model.plan import Image, Plan, distinct_images, make_plan
from imagebatch.model.results import Outcome, part_to_bytes, results_to_bytes
from imagebatch.ports import NewBatch, ProductRow
from imagebatch.reused import read_planned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from imagebatch.model.batch import Batch
    from imagebatch.ports import BlobStore

REQUEST_ID = "0198c0de-0000-7000-8000-000000000001"
CSV = "text/csv"
JSONL = "application/jsonl"


def succeeded(image: Image) -> Outcome:
    """An outcome as a shard writes it: 1,000 bytes became 400."""
    return Outcome(
        image.index,
        image.url,
        len(image.slots),
        name=f"{image.index}.jpg",
        milliseconds=12,
        bytes_in=1_000,
        bytes_out=400,
        sha256="ab" * 32,
        format_in="JPEG",
        format_out="JPEG",
        width_in=640,
        height_in=480,
        width_out=640,
        height_out=480,
        quality=50,
    )


def failed(image: Image, code: str = "http_404") -> Outcome:
    """An outcome of an image that could not be had."""
    return Outcome(image.index, image.url, len(image.slots), code=code, message="It is not there.")


@dataclass(frozen=True)
class Scene:
    """A batch in a store: what intake wrote, and ways to write what shards would."""

    store: BlobStore
    request_id: str
    spec: BatchSpec
    url_lists: Sequence[Sequence[str]]
    images: list[Image]
    plan: Plan

    def shard_images(self, shard: int) -> list[Image]:
        each = self.plan.shards[shard]
        return self.images[each.first : each.first + each.count]

    def finish_shard(self, shard: int, outcomes: Iterable[Outcome] | None = None) -> None:
        """Write a shard's results file; all succeeded unless said otherwise."""
        outcomes = map(succeeded, self.shard_images(shard)) if outcomes is None else outcomes
        key = names.shard_results_key(self.request_id, shard)
        self.store.put(key, results_to_bytes(outcomes), JSONL)

    def finish_all(self) -> None:
        for shard in self.plan.shards:
            self.finish_shard(shard.index)

    def write_part(
        self,
        shard: int,
        outcomes: Iterable[Outcome],
        *,
        attempt: str = "a1",
        part: int = 0,
        started: Sequence[int] = (),
    ) -> None:
        key = names.part_key(self.request_id, shard, attempt, part)
        self.store.put(key, part_to_bytes(attempt, outcomes, started=started), JSONL)

    def result(self, name: str) -> bytes:
        return self.store.get(names.result_key(self.request_id, name))

    def new_batch(self, accepted_at: datetime) -> NewBatch:
        progress = Progress(Counts(self.plan.slots))
        return NewBatch(self.request_id, "tester", self.spec, "cd" * 32, progress, accepted_at)

    def product_rows(self) -> Iterable[ProductRow]:
        for row, urls in enumerate(self.url_lists):
            yield ProductRow(row, str(row + 1), f"Product {row + 1}", urls)


def make_scene(
    store: BlobStore,
    url_lists: Sequence[Sequence[str]],
    *,
    spec: BatchSpec | None = None,
    request_id: str = REQUEST_ID,
) -> Scene:
    """Write input.csv, images.jsonl and plan.json of a batch with one list of URLs a row."""
    spec = spec or BatchSpec()
    images = list(distinct_images(url_lists))
    lines = [image.to_line() for image in images]
    plan = make_plan(request_id, lines, sum(map(len, url_lists)), spec)
    store.put(names.input_key(request_id), _csv(url_lists), CSV)
    store.put(names.images_key(request_id), b"".join(lines), JSONL)
    store.put(names.plan_key(request_id), plan.to_json(), "application/json")
    return Scene(store, request_id, spec, url_lists, images, plan)


def scene_of(store: BlobStore, batch: Batch) -> Scene:
    """Return the scene of a batch that is in the store already, such as a retry."""
    plan = Plan.from_json(store.get(names.plan_key(batch.request_id)))
    table = read_accepted(store.get(names.input_key(batch.request_id)))
    images = list(read_planned(store, batch.request_id))
    return Scene(store, batch.request_id, batch.spec, [row.image_urls for row in table.rows], images, plan)


def _csv(url_lists: Sequence[Sequence[str]]) -> bytes:
    rows = [["S. No.", "Product Name", "Input Image Urls"]]
    rows += [[str(n + 1), f"Product {n + 1}", ",".join(urls)] for n, urls in enumerate(url_lists)]
    return "".join(csv_line(row, ",") for row in rows).encode()
