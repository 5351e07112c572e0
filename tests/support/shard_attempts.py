"""One shard tried again and again in memory: attempts that are killed or stopped at any moment, and what they did."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator

from fakes.memory_store import MemoryBlobStore

from imagebatch.model import names
from imagebatch.model.attempts import History, history
from imagebatch.model.plan import Image
from imagebatch.model.results import Outcome, Part, part_from_bytes, results_from_bytes
from imagebatch.ports import BlobInfo
from imagebatch_processor.ledger import Flusher, Ledger
from imagebatch_processor.pipeline import Download
from imagebatch_processor.shard import End, Shard

REQUEST = "11111111-1111-4111-8111-111111111111"


class Killed(Exception):
    """The attempt is dead: nothing that it does from here on has an effect."""


class Life:
    """An attempt's life, counted in moments: one before and one after whatever others could see of it."""

    def __init__(self, ends_at: int | None) -> None:
        self.ends_at = ends_at
        self.stops_at: int | None = None
        self.stop: Callable[[], None] = lambda: None
        self._moments = 0
        self._dead = False
        self._lock = threading.Lock()

    def pass_moment(self) -> None:
        """Let a moment pass. Raises Killed from the one at which the attempt is killed."""
        with self._lock:
            self._moments += 1
            self._dead = self._dead or self._moments == self.ends_at
            dead, stops = self._dead, self._moments == self.stops_at
        if stops:
            self.stop()
        if dead:
            raise Killed

    def end(self) -> None:
        """Let no further moment pass."""
        with self._lock:
            self._dead = True


class MortalStore:
    """What an attempt uses of a store, as long as it lives."""

    def __init__(self, store: MemoryBlobStore, life: Life) -> None:
        self._store = store
        self._life = life

    def put(self, key: str, data: bytes, content_type: str) -> None:
        self._life.pass_moment()
        self._store.put(key, data, content_type)
        self._life.pass_moment()

    def get(self, key: str) -> bytes:
        self._life.pass_moment()
        return self._store.get(key)

    def head(self, key: str) -> BlobInfo | None:
        self._life.pass_moment()
        return self._store.head(key)

    def list(self, prefix: str) -> Iterator[BlobInfo]:
        self._life.pass_moment()
        return self._store.list(prefix)


class ShardAttempts:
    """A shard of `count` images. Fetching one of `killers` kills the attempt; `on_fetch` is told of every fetch.

    `fetched` has the indexes of each attempt's fetches in order.
    """

    def __init__(self, count: int, killers: Collection[int] = ()) -> None:
        self.store = MemoryBlobStore()
        self.images = [Image(n, f"https://shop.example/{n}", ((n, 0), (n, 1))) for n in range(count)]
        self.killers = killers
        self.on_fetch: Callable[[int], object] = lambda _: None
        self.fetched: list[list[int]] = []

    def run(
        self, *, killed_at: int | None = None, stopped_at: int | None = None, stop: threading.Event | None = None
    ) -> End | None:
        """Run one attempt, stopped at a moment or when `stop` is set; return its end, None if it was killed."""
        life = Life(killed_at)
        self.fetched.append([])
        ledger = Ledger(MortalStore(self.store, life), REQUEST, 0)  # type: ignore[arg-type]  # all that it uses
        shard = Shard(ledger, Flusher(ledger, seconds=60, images=4), _Steps(self, life), threads=3)
        life.stops_at, life.stop = stopped_at, shard.request_stop
        if stop is not None:
            threading.Thread(target=_forward, args=(stop, shard)).start()
        try:
            return shard.run(self.images)
        except Killed:
            return None
        finally:
            life.end()  # as the process does, with what its threads still fetch

    def run_until_done(self, most: int) -> int:
        """Run attempts until one is done and return how many it took; at most `most`."""
        for number in range(1, most + 1):
            if self.run() is End.DONE:
                return number
        raise AssertionError(f"not done in {most} attempts: {self.fetched}")

    def parts(self) -> list[Part]:
        listed = self.store.list(names.parts_prefix(REQUEST, 0))
        return [part_from_bytes(self.store.get(info.key)) for info in listed]

    def history(self) -> History:
        return history(self.parts())

    def results(self) -> list[Outcome]:
        return results_from_bytes(self.store.get(names.shard_results_key(REQUEST, 0)))

    def failed(self) -> dict[int, str | None]:
        """Return the codes of the images that failed."""
        return {outcome.index: outcome.code for outcome in self.results() if not outcome.succeeded}

    def fetches(self) -> Counter[int]:
        return Counter(index for attempt in self.fetched for index in attempt)


def _forward(stop: threading.Event, shard: Shard) -> None:
    assert stop.wait(30)
    shard.request_stop()


class _Steps:
    """An image's way; it costs nothing."""

    def __init__(self, world: ShardAttempts, life: Life) -> None:
        self._world = world
        self._life = life
        self._fetched = world.fetched[-1]

    def fetch(self, image: Image) -> Download:
        self._life.pass_moment()
        self._fetched.append(image.index)
        self._world.on_fetch(image.index)
        if image.index in self._world.killers:
            self._life.end()
        self._life.pass_moment()
        return Download(image, started=0.0, attempts=1)

    def finish(self, download: Download) -> Outcome:
        self._life.pass_moment()
        image = download.image
        return Outcome(index=image.index, url=image.url, slots=len(image.slots), name=f"{image.index}.jpg")
