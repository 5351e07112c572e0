"""A retry is settled over all slots: what its parents made beside what it made itself."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

from fakes.memory_batches import MemoryBatches
from fakes.memory_store import MemoryBlobStore
from support.batch_scene import REQUEST_ID, Scene, failed, succeeded

from imagebatch.model.batch import Bytes, Counts, Progress, Reason
from imagebatch_operator.lifecycle import Stop
from imagebatch_operator.progress import BatchProgress
from imagebatch_operator.settle import Settler

Accept = Callable[..., Scene]
Retry = Callable[[str], Scene]
URLS = [["http://a/0", "http://a/1"], ["http://a/2", "http://a/0"], ["http://a/3", "http://a/1"]]


def ended_with(scene: Scene, settler: Settler, *bad: str) -> None:
    """End a batch of one shard; the images of some URLs failed."""
    scene.finish_shard(0, [failed(image) if image.url in bad else succeeded(image) for image in scene.images])
    assert settler.settle(scene.request_id, Stop())


def links(scene: Scene) -> list[list[str]]:
    """Which request and image each slot of the output leads to; empty where it failed."""
    rows = list(csv.reader(io.StringIO(scene.result("output.csv").decode())))
    cells = [row[-1].split(",") for row in rows[1:]]
    return [[cell.partition("?")[0].partition("/results/")[2] for cell in row] for row in cells]


def test_settle_of_a_retry_fills_every_slot_from_whoever_made_it(
    settler: Settler, accepted: Accept, retried: Retry, batches: MemoryBatches
) -> None:
    ended_with(accepted(URLS), settler, "http://a/1", "http://a/3")
    retry = retried(REQUEST_ID)
    ended_with(retry, settler, "http://a/3")
    old, new = f"{REQUEST_ID}/images", f"{retry.request_id}/images"
    assert links(retry) == [[f"{old}/0.jpg", f"{new}/1.jpg"], [f"{old}/2.jpg", f"{old}/0.jpg"], ["", f"{new}/1.jpg"]]
    final = batches.finals[retry.request_id]
    assert final.verdict.reason is Reason.PARTIALLY_SUCCEEDED
    assert final.progress == Progress(Counts(6, 5, 1), Bytes(3_000, 1_200))
    assert [(slot.row, slot.position) for slot in batches.slots[retry.request_id]] == [
        (row, position) for row in range(3) for position in range(2)
    ]


def test_settle_of_a_retry_of_a_retry_ends_with_everything(
    settler: Settler, accepted: Accept, retried: Retry, batches: MemoryBatches
) -> None:
    ended_with(accepted(URLS), settler, "http://a/1", "http://a/3")
    first = retried(REQUEST_ID)
    ended_with(first, settler, "http://a/3")
    second = retried(first.request_id)
    ended_with(second, settler)
    a, b, c = (f"{each}/images" for each in (REQUEST_ID, first.request_id, second.request_id))
    assert links(second) == [[f"{a}/0.jpg", f"{b}/1.jpg"], [f"{a}/2.jpg", f"{a}/0.jpg"], [f"{c}/3.jpg", f"{b}/1.jpg"]]
    assert batches.finals[second.request_id].verdict.reason is Reason.ALL_SUCCEEDED
    assert batches.finals[second.request_id].progress.bytes == Bytes(4_000, 1_600)


def test_settle_of_a_retry_lists_only_its_failures_and_all_images(
    settler: Settler, accepted: Accept, retried: Retry
) -> None:
    ended_with(accepted(URLS), settler, "http://a/1", "http://a/3")
    retry = retried(REQUEST_ID)
    ended_with(retry, settler, "http://a/3")
    errors = list(csv.reader(io.StringIO(retry.result("errors.csv").decode())))
    assert [row[3] for row in errors[1:]] == ["http://a/3"]
    images = json.loads(retry.result("report.json"))["images"]
    assert [image["index"] for image in images] == [0, 1, 2, 3]
    assert [image.get("request_id") for image in images] == [REQUEST_ID, None, REQUEST_ID, None]


def test_settle_of_a_cancelled_retry_keeps_what_its_parents_made(
    settler: Settler, accepted: Accept, retried: Retry, batches: MemoryBatches
) -> None:
    ended_with(accepted(URLS), settler, "http://a/1", "http://a/3")
    retry = retried(REQUEST_ID)
    settler.settle(retry.request_id, Stop(cancelled=True))
    final = batches.finals[retry.request_id]
    assert (final.verdict.reason, final.progress.counts) == (Reason.CANCELLED, Counts(6, 3, 3))
    codes = {slot.outcome.url: slot.outcome.code for slot in batches.slots[retry.request_id]}
    assert codes == {"http://a/0": None, "http://a/1": "cancelled", "http://a/2": None, "http://a/3": "cancelled"}


def test_look_at_a_retry_counts_what_stands_from_the_start(
    settler: Settler, accepted: Accept, retried: Retry, store: MemoryBlobStore
) -> None:
    ended_with(accepted(URLS), settler, "http://a/1", "http://a/3")
    retry = retried(REQUEST_ID)
    progress = BatchProgress(store, retry.request_id)
    begun = progress.look()
    assert (begun.started, begun.progress) == (False, Progress(Counts(6, 3), Bytes(2_000, 800)))
    retry.write_part(0, [succeeded(retry.images[0])])
    assert progress.look().progress == Progress(Counts(6, 5), Bytes(3_000, 1_200))
