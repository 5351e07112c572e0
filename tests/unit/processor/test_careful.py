"""The careful attempt: one image at a time, each marked before it is begun; what killed two of them is given up."""

from __future__ import annotations

import threading

import pytest
from support.shard_attempts import REQUEST, ShardAttempts

from imagebatch.model import names
from imagebatch.model.errors import Unavailable
from imagebatch_processor.shard import End


def puts(shard: ShardAttempts) -> int:
    return sum(method == "put" for method, _ in shard.store.calls)


def begun(shard: ShardAttempts) -> list[int]:
    return [index for part in shard.parts() for index in part.started]


def test_run_when_nothing_died_marks_nothing():
    shard = ShardAttempts(20)
    shard.run(stopped_at=15)
    assert shard.run() is End.DONE
    assert begun(shard) == []


def test_run_after_a_death_is_in_order_with_one_put_an_image():
    shard = ShardAttempts(20)
    shard.run(killed_at=5)  # its first part is written by then
    before = puts(shard)
    assert shard.run() is End.DONE
    assert shard.fetched[-1] == begun(shard) == list(range(20))
    assert puts(shard) - before <= 20 + 3  # the first part, the last and the results; a flush may come between


def test_run_after_a_death_begins_no_image_while_one_is_slow():
    shard = ShardAttempts(4)
    shard.run(killed_at=5)
    another = threading.Event()
    waited: list[bool] = []
    shard.on_fetch = lambda index: another.set() if index else waited.append(another.wait(0.2))
    assert shard.run() is End.DONE
    assert waited == [False]


def test_run_after_a_death_marks_every_image_before_it_is_fetched():
    shard = ShardAttempts(6)
    shard.run(killed_at=5)
    seen: list[tuple[int, int]] = []
    shard.on_fetch = lambda index: seen.append((index, begun(shard)[-1]))
    shard.run()
    assert seen == [(n, n) for n in range(6)]


@pytest.mark.parametrize("killer", [0, 7, 19])
def test_attempts_when_an_image_kills_them_name_it_in_the_fourth(killer: int):
    shard = ShardAttempts(20, {killer})
    assert shard.run_until_done(4) == 4
    assert shard.failed() == {killer: "out_of_memory"}
    assert [outcome.index for outcome in shard.results()] == list(range(20))


@pytest.mark.parametrize("killers", [{0, 1}, {3, 4}, {2, 17}, {0, 19}, {18, 19}])
def test_attempts_when_two_images_kill_them_name_both_in_the_sixth(killers: set[int]):
    shard = ShardAttempts(20, killers)
    assert shard.run_until_done(6) == 6
    assert shard.failed() == dict.fromkeys(killers, "out_of_memory")
    careful = [index for attempt in shard.fetched[1:] for index in attempt]
    assert all(careful.count(index) <= 1 for index in set(range(20)) - killers)
    assert {careful.count(killer) for killer in killers} == {2}


def test_run_with_a_suspect_takes_it_last():
    shard = ShardAttempts(10, {2})
    shard.run()
    shard.run()
    shard.run()
    assert shard.fetched[-1] == [3, 4, 5, 6, 7, 8, 9, 2]


def test_run_with_culprits_only_is_done_without_a_fetch():
    shard = ShardAttempts(1, {0})
    assert shard.run_until_done(4) == 4
    assert shard.fetched[-1] == []
    (only,) = shard.results()
    assert (only.url, only.slots, only.attempts) == (shard.images[0].url, 2, 2)


def test_a_culprit_is_in_the_parts_before_the_next_image_is_begun():
    shard = ShardAttempts(10, {2})
    for _ in range(2):
        shard.run()
    shard.killers = {2, 5}
    shard.run()  # dies over image 5, image 2 has to wait
    shard.run()  # dies over image 2
    shard.run()  # tells of image 2 and dies over image 5
    assert shard.history().done[2].code == "out_of_memory"


def test_run_when_stopped_over_an_image_again_and_again_convicts_nobody():
    shard = ShardAttempts(3)
    shard.run(killed_at=5)
    for _ in range(4):
        _stop_over_the_next(shard)
    assert shard.history().suspects == {}
    assert shard.run() is End.DONE
    assert shard.failed() == {}


def _stop_over_the_next(shard: ShardAttempts) -> None:
    """Run an attempt whose first image does not come, and stop it."""
    fetching, held = threading.Event(), threading.Event()

    def hang(_: int) -> None:
        fetching.set()
        held.wait()

    def release_when_stopped() -> None:
        assert fetching.wait(10)
        stop.set()

    stop = threading.Event()
    shard.on_fetch = hang
    releasing = threading.Thread(target=release_when_stopped)
    releasing.start()
    try:
        assert shard.run(stop=stop) is End.STOPPED
    finally:
        held.set()
        releasing.join()
        shard.on_fetch = lambda _: None


def test_attempts_when_the_codec_does_not_start_blame_no_image():
    shard = ShardAttempts(5)
    shard.run(killed_at=5)

    def no_codec(_: int) -> None:
        raise Unavailable("no process can be started", dependency="codec")

    shard.on_fetch = no_codec
    for _ in range(3):
        with pytest.raises(Unavailable):
            shard.run()
    assert shard.history().suspects == {}


def test_attempts_when_the_store_goes_away_end_without_results():
    shard = ShardAttempts(5)
    shard.run(killed_at=5)

    def no_store(index: int) -> None:
        shard.store.outage = Unavailable("gone", dependency="store") if index == 3 else None

    shard.on_fetch = no_store
    with pytest.raises(Unavailable):
        shard.run()
    shard.store.outage = None
    assert shard.store.head(names.shard_results_key(REQUEST, 0)) is None
    shard.on_fetch = lambda _: None
    assert shard.run() is End.DONE
    assert shard.failed() == {}


def test_attempts_when_an_image_raises_what_nobody_expected_give_up_only_that_one():
    shard = ShardAttempts(10)

    def fault(index: int) -> None:
        if index == 4:
            raise RuntimeError("a fault of ours")

    shard.on_fetch = fault
    for _ in range(3):
        with pytest.raises(RuntimeError):
            shard.run()
    assert shard.run() is End.DONE
    assert shard.failed() == {4: "out_of_memory"}
