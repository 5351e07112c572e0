"""The shard's loop: every image once, infrastructure's errors raised, a stop that keeps what is finished."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from fakes.memory_store import MemoryBlobStore

from imagebatch.model import names
from imagebatch.model.errors import Unavailable
from imagebatch.model.plan import Image
from imagebatch.model.results import Outcome, results_from_bytes
from imagebatch_processor.ledger import Flusher, Ledger
from imagebatch_processor.pipeline import Download
from imagebatch_processor.shard import End, Shard

REQUEST = "11111111-1111-4111-8111-111111111111"


def images(count: int) -> list[Image]:
    return [Image(n, f"https://shop.example/{n}", ((n, 0),)) for n in range(count)]


def finish(image: Image) -> Outcome:
    return Outcome(index=image.index, url=image.url, slots=1, name=f"{image.index}.jpg")


@dataclass(frozen=True)
class Steps:
    """An image's way, its first step free of cost unless told otherwise."""

    process: Callable[[Image], Outcome]
    arrive: Callable[[Image], object] = lambda _: None

    def fetch(self, image: Image) -> Download:
        self.arrive(image)
        return Download(image, started=0.0, attempts=1)

    def finish(self, download: Download) -> Outcome:
        return self.process(download.image)


def make(
    store: MemoryBlobStore,
    process: Callable[[Image], Outcome],
    *,
    arrive: Callable[[Image], object] = lambda _: None,
    threads: int = 4,
) -> Shard:
    ledger = Ledger(store, REQUEST, 0)
    return Shard(ledger, Flusher(ledger, seconds=0.05, images=10), Steps(process, arrive), threads=threads)


def results(store: MemoryBlobStore) -> list[Outcome]:
    return results_from_bytes(store.get(names.shard_results_key(REQUEST, 0)))


def test_run_writes_every_image_once_in_order():
    store = MemoryBlobStore()
    assert make(store, finish).run(images(100)) is End.DONE
    assert [each.index for each in results(store)] == list(range(100))


def test_run_of_an_empty_shard_is_done():
    store = MemoryBlobStore()
    assert make(store, finish).run([]) is End.DONE
    assert results(store) == []


def test_run_when_results_are_there_does_nothing():
    store = MemoryBlobStore()
    make(store, finish).run(images(3))
    before = len(store.calls)
    assert make(store, pytest.fail).run(images(3)) is End.DONE
    assert [method for method, _ in store.calls[before:]] == ["head"]


def test_run_when_the_store_stays_away_raises_and_writes_no_results():
    store = MemoryBlobStore()

    def process(image: Image) -> Outcome:
        if image.index == 30:
            raise Unavailable("gone", dependency="store")
        return finish(image)

    with pytest.raises(Unavailable):
        make(store, process).run(images(100))
    assert store.head(names.shard_results_key(REQUEST, 0)) is None


def test_run_after_a_failed_one_does_only_the_rest():
    store = MemoryBlobStore()

    def fails_late(image: Image) -> Outcome:
        if image.index == 60:
            raise RuntimeError("a fault of ours")
        return finish(image)

    with pytest.raises(RuntimeError):
        make(store, fails_late, threads=1).run(images(100))
    done_again: list[int] = []

    def process(image: Image) -> Outcome:
        done_again.append(image.index)
        return finish(image)

    assert make(store, process, threads=1).run(images(100)) is End.DONE
    assert min(done_again) >= 50  # parts of ten: at most one of them was lost
    assert [each.index for each in results(store)] == list(range(100))


def test_request_stop_ends_soon_and_the_next_run_completes():
    store = MemoryBlobStore()
    under_way = threading.Event()

    def process(image: Image) -> Outcome:
        if image.index == 20:
            under_way.set()
        return finish(image)

    shard = make(store, process, threads=1)

    def stop_at_twenty() -> None:
        under_way.wait(10)
        shard.request_stop()

    threading.Thread(target=stop_at_twenty).start()
    end = shard.run(images(50_000))
    assert end is End.STOPPED
    assert make(store, finish).run(images(50_000)) is End.DONE
    assert len(results(store)) == 50_000


def test_request_stop_while_images_are_fetched_waits_for_none_of_them():
    store = MemoryBlobStore()
    fetching, held = threading.Semaphore(0), threading.Event()

    def arrive(_: Image) -> None:
        fetching.release()
        held.wait()

    shard = make(store, finish, arrive=arrive, threads=3)
    run = threading.Thread(target=shard.run, args=(images(5),))
    run.start()
    try:
        for _ in range(3):
            assert fetching.acquire(timeout=10)
        shard.request_stop()
        run.join(5)
        assert not run.is_alive()
    finally:
        held.set()
        run.join()
    assert Ledger(store, REQUEST, 0).begin().done == {}


def test_request_stop_while_an_image_is_encoded_keeps_it():
    store = MemoryBlobStore()
    shard: Shard

    def process(image: Image) -> Outcome:
        shard.request_stop()
        return finish(image)

    shard = make(store, process, threads=1)
    assert shard.run(images(5)) is End.STOPPED
    assert Ledger(store, REQUEST, 0).begin().done.keys() == {0}


def test_run_when_a_host_does_not_answer_goes_on_with_the_others():
    store = MemoryBlobStore()
    held, done = threading.Event(), threading.Semaphore(0)
    slow = [Image(n, f"https://slow.example/{n}", ((n, 0),)) for n in range(20)]
    quick = [Image(n, f"https://quick.example/{n}", ((n, 0),)) for n in range(20, 40)]

    def arrive(image: Image) -> None:
        if image in slow:
            held.wait()
        else:
            done.release()

    shard = make(store, finish, arrive=arrive, threads=4)
    run = threading.Thread(target=shard.run, args=([*slow, *quick],))
    run.start()
    try:
        assert all(done.acquire(timeout=10) for _ in quick)
    finally:
        held.set()
        run.join()
    assert [each.index for each in results(store)] == list(range(40))
