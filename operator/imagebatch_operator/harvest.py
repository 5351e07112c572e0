"""Brings together what the shards of a batch left in the store: one outcome for every image. Called by settle.

A shard's results file is the truth about it. Of a shard without one, what its parts finished is kept, and every
other image gets the code that the batch's end gives it. A retry has what it keeps of its parents besides.
"""

from __future__ import annotations

from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from heapq import merge
from typing import TYPE_CHECKING, TypeVar

from imagebatch.model import names
from imagebatch.model.attempts import History, culprit, history
from imagebatch.model.plan import Image, Plan, read_images
from imagebatch.model.results import Outcome, Tally, part_from_bytes, results_from_bytes
from imagebatch.reused import read_reused
from imagebatch_operator.lifecycle import Stop
from imagebatch_operator.progress import ShardObjects, shard_objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from imagebatch.model.batch import Progress
    from imagebatch.model.sharding import ShardRange
    from imagebatch.ports import BlobStore
    from imagebatch_operator.spool import OutcomeSpool, SlotTable

Fate = tuple[Image, Outcome]
READ_AHEAD = 2  # shards in memory beside the one being merged
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Harvest:
    """What became of a batch: sums over all slots, slots by code (`ok` succeeded), shards without results.

    `stop` is why the batch was stopped, if that kept shards from ending.
    """

    progress: Progress
    codes: Counter[str]
    shards_missing: int
    stop: Stop


def harvest(store: BlobStore, request_id: str, stop: Stop, spool: OutcomeSpool, table: SlotTable) -> Harvest:
    """Fill `spool` with the outcome of every image and `table` with its slots.

    Raises Unavailable; NotFound, ValueError, KeyError or TypeError when an object of the batch is gone or broken.
    """
    plan = Plan.from_json(store.get(names.plan_key(request_id)))
    listed = shard_objects(store, request_id)
    missing = sum(shard.index not in listed.results for shard in plan.shards)
    why = stop if missing else Stop()
    tally, codes = Tally(), Counter[str]()
    kept = ((each.image, each.outcome) for each in read_reused(store, request_id)) if plan.reused else iter(())
    done = _shards_fates(store, request_id, plan, listed, why)
    for image, outcome in merge(kept, done, key=_index):
        table.fill(image.index, image.slots)
        spool.append(outcome)
        tally.add(outcome)
        codes[outcome.code or "ok"] += outcome.slots
    return Harvest(tally.progress(plan.slots), codes, missing, why)


def _index(fate: Fate) -> int:
    return fate[0].index


def _shards_fates(store: BlobStore, request_id: str, plan: Plan, listed: ShardObjects, stop: Stop) -> Iterator[Fate]:
    """Yield the images of the batch's own shards, by index."""
    calls = (partial(_read, store, request_id, shard, listed) for shard in plan.shards)
    for images, found in _read_ahead(calls):
        for image in read_images(images):
            yield image, found.done.get(image.index) or _unfinished(image, found, stop)


def _read(store: BlobStore, request_id: str, shard: ShardRange, listed: ShardObjects) -> tuple[bytes, History]:
    """Return a shard's lines of images.jsonl and what is known of its images."""
    return store.get_range(names.images_key(request_id), *shard.slice), _history(store, shard, listed)


def _read_ahead(calls: Iterable[Callable[[], T]]) -> Iterator[T]:
    """Yield what the calls return, in order; the next ones run meanwhile, so that nobody waits for the store."""
    running: deque[Future[T]] = deque()
    with ThreadPoolExecutor(READ_AHEAD, thread_name_prefix="harvest") as pool:
        for call in calls:
            running.append(pool.submit(call))
            if len(running) > READ_AHEAD:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def _history(store: BlobStore, shard: ShardRange, listed: ShardObjects) -> History:
    """Return what is known of a shard's images: its results, or what its parts tell where it has none."""
    if (key := listed.results.get(shard.index)) is not None:
        done = {outcome.index: outcome for outcome in results_from_bytes(store.get(key))}
        return History(done, attempts=0, died=False, suspects={})
    return history(part_from_bytes(store.get(key)) for key in listed.parts.get(shard.index, ()))


def _unfinished(image: Image, found: History, stop: Stop) -> Outcome:
    """Return the end of an image that its shard left undone."""
    slots, begun = len(image.slots), found.suspects.get(image.index, 0)
    if stop.cancelled:
        code, message = "cancelled", "The request was cancelled before this image was done."
    elif stop.deadline_passed:
        code, message = "deadline_exceeded", "The deadline passed before this image was done."
    elif found.is_culprit(image.index):
        return culprit(image.index, image.url, slots, begun)
    elif stop.refused:
        code, message = "shard_failed", "The cluster refused to run the worker of this image."
    elif begun:
        code, message = "shard_failed", "This image was in work when its worker died, and the worker failed too often."
    else:
        code, message = "shard_failed", "The worker of this image failed too often."
    return Outcome(image.index, image.url, slots, code=code, message=message, attempts=begun)
