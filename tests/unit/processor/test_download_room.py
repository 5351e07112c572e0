"""Memory for bodies under way: bounded, given back, and nothing asked for twice more than once."""

from __future__ import annotations

import random
import threading
import weakref
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest
from fakes.memory_store import MemoryBlobStore

from imagebatch.model.batch import OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch.model.plan import Image
from imagebatch.model.results import Outcome
from imagebatch.net.failures import FetchRejected
from imagebatch.net.messages import Fetched, FetchLimits, Sink
from imagebatch_processor.download_room import DownloadRoom, NoRoom
from imagebatch_processor.ledger import Flusher, Ledger
from imagebatch_processor.pipeline import Download, Pipeline
from imagebatch_processor.shard import Shard

if TYPE_CHECKING:
    from imagebatch.ports import BlobStore
    from imagebatch_processor.policy import Compressed

LARGEST = 100
CHUNK = 10


def test_body_when_it_grows_then_it_takes_only_what_came() -> None:
    room = DownloadRoom(250, LARGEST)
    bodies = [room.body() for _ in range(25)]
    for body in bodies:
        body.write(b"x" * CHUNK)
    assert [body.whole() for body in bodies] == [b"x" * CHUNK] * 25
    with pytest.raises(NoRoom):
        room.body().write(b"y")


def test_body_when_room_ran_out_then_the_next_waits_for_that_of_the_largest() -> None:
    room = DownloadRoom(150, LARGEST)
    first, second = room.body(), room.body()
    first.write(b"x" * 90)
    with pytest.raises(NoRoom):
        second.write(b"y" * 90)
    second.close()
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(room.body)
        room.take(10)
        assert not waiting.done()
        first.close()
        third = waiting.result(10)
    third.write(b"z" * 90)
    with pytest.raises(NoRoom):
        room.take(50)
    assert third.whole() == b"z" * 90
    room.take(50)


def test_body_when_the_largest_exceeds_the_room_then_one_comes_at_a_time() -> None:
    room = DownloadRoom(1, LARGEST)
    body = room.body()
    body.write(b"x" * LARGEST)
    assert body.whole() == b"x" * LARGEST
    with pytest.raises(NoRoom):
        room.body().write(b"y")
    body.close()
    body.close()
    assert room.body().whole() == b""


@dataclass
class Source:
    """Bodies of many sizes that come chunk by chunk, some broken off; counts who was asked how often."""

    sizes: list[int]
    asked: Counter[str] = field(default_factory=Counter)

    def get(self, url: str, *, limits: FetchLimits, into: Sink) -> Fetched:
        size = self.sizes[int(url)]
        self.asked[url] += 1
        for start in range(0, size, CHUNK):
            into.write(b"x" * min(CHUNK, size - start))
            threading.Event().wait(0.0005)  # others are under way meanwhile
        if size % 7 == 0:
            raise FetchRejected("truncated", "it ended too early", attempts=1)
        return Fetched(200, size, "image/jpeg", url, 1)


class Refusing:
    """A codec that takes every picture's bytes and refuses them."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def compress(self, data: bytes, options: OutputOptions) -> Compressed:
        self.seen.append(len(data))
        raise ImageRejected("not_an_image", "it is none")


def test_pipeline_when_memory_is_short_then_every_body_comes_whole_and_hardly_any_twice() -> None:
    chosen, threads = random.Random(7), 16
    source, codec = Source([chosen.randint(1, LARGEST) for _ in range(600)]), Refusing()
    room = DownloadRoom(3 * LARGEST, LARGEST)
    pipeline = Pipeline("id", OutputOptions(), source, FetchLimits(), room, codec, cast("BlobStore", None))
    images = [Image(n, str(n), ((n, 0),)) for n in range(len(source.sizes))]
    with ThreadPoolExecutor(threads) as pool:
        codes = Counter(
            outcome.code for outcome in pool.map(lambda each: pipeline.finish(pipeline.fetch(each)), images)
        )
    assert sorted(codec.seen) == sorted(size for size in source.sizes if size % 7)
    assert codes == {"not_an_image": len(codec.seen), "truncated": len(images) - len(codec.seen)}
    assert len(images) < source.asked.total() <= len(images) + threads
    assert max(source.asked.values()) == 2
    room.take(3 * LARGEST)


class Bytes:
    """Stands for bytes, which no weak reference can watch."""


@dataclass
class Watching:
    """Steps that look, at each image, whether anybody still has the bytes of the one before."""

    earlier: list[weakref.ref[Bytes]] = field(default_factory=list)
    alive: list[bool] = field(default_factory=list)

    def fetch(self, image: Image) -> Download:
        self.alive += [ref() is not None for ref in self.earlier[-1:]]
        body = Bytes()
        self.earlier.append(weakref.ref(body))
        return Download(image, started=0.0, attempts=1, body=cast("bytes", body))

    def finish(self, download: Download) -> Outcome:
        return Outcome(index=download.image.index, url="", slots=1, name="0.jpg")


def test_shard_when_an_image_ended_then_its_bytes_are_gone_before_the_next_is_asked_for() -> None:
    ledger, steps = Ledger(MemoryBlobStore(), "id", 0), Watching()
    shard = Shard(ledger, Flusher(ledger, seconds=1, images=10), steps, threads=1)
    shard.run([Image(n, f"https://shop.example/{n}", ((n, 0),)) for n in range(5)])
    assert steps.alive == [False] * 4
