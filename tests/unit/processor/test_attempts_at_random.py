"""Attempts killed and stopped at any moment, with images that kill and without: nothing lost, nobody blamed."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from support.shard_attempts import ShardAttempts

from imagebatch_processor.shard import End

MOST_IMAGES = 12
MOMENTS = st.integers(1, 8 * MOST_IMAGES)
ENDINGS = st.lists(st.tuples(st.sampled_from(["killed_at", "stopped_at"]), MOMENTS), max_size=8)
KILLERS = st.sets(st.integers(0, MOST_IMAGES - 1), max_size=2)


class Watch:
    """Runs attempts and holds what must be true of each; counts the deaths over each image."""

    def __init__(self, shard: ShardAttempts) -> None:
        self.shard = shard
        self.deaths: Counter[int] = Counter()

    def run(self, **ending: int) -> End | None:
        finished = set(self.shard.history().done)
        before = len(self.shard.parts())
        end = self.shard.run(**ending)
        fetched = self.shard.fetched[-1]
        assert len(fetched) == len(set(fetched))
        assert finished.isdisjoint(fetched)
        assert finished <= self.shard.history().done.keys()
        if end is None:
            written = self.shard.parts()[before:]
            self.deaths.update(written[-1].started if written else ())
        return end

    def hold(self) -> None:
        results = self.shard.results()
        assert [outcome.index for outcome in results] == [image.index for image in self.shard.images]
        for index in self.shard.failed():
            assert self.deaths[index] >= 2


@given(st.integers(0, MOST_IMAGES), KILLERS, ENDINGS)
def test_attempts_ended_at_random_lose_nothing_and_convict_only_what_two_died_over(
    count: int, killers: set[int], endings: list[tuple[str, int]]
):
    shard = ShardAttempts(count, killers)
    watch = Watch(shard)
    for kind, moment in endings:
        watch.run(**{kind: moment})
    for _ in range(2 * len(killers) + 2):
        if watch.run() is End.DONE:
            break
    watch.hold()
    present = {killer for killer in killers if killer < count}
    assert present <= shard.failed().keys()


@given(st.integers(1, MOST_IMAGES), st.lists(MOMENTS, max_size=2))
def test_attempts_killed_twice_from_outside_convict_no_one(count: int, moments: list[int]):
    shard = ShardAttempts(count)
    for moment in moments:
        shard.run(killed_at=moment)
    assert shard.run() is End.DONE
    assert shard.failed() == {}
