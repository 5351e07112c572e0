"""Shards cover every image once, in order, in equal parts of at most the size asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagebatch.model.sharding import cut, images_per_shard


@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=400), st.integers(1, 500))
def test_cut_covers_every_line_once_in_order(lengths: list[int], per_shard: int):
    shards = cut(lengths, per_shard)
    assert [shard.index for shard in shards] == list(range(len(shards)))
    first = offset = 0
    for shard in shards:
        assert (shard.first, shard.offset) == (first, offset)
        assert shard.length == sum(lengths[first : first + shard.count])
        first, offset = first + shard.count, offset + shard.length
    assert (first, offset) == (len(lengths), sum(lengths))


@given(st.integers(1, 5_000), st.integers(1, 500))
def test_cut_makes_shards_of_nearly_equal_size(images: int, per_shard: int):
    counts = [shard.count for shard in cut([1] * images, per_shard)]
    assert max(counts) <= per_shard
    assert max(counts) - min(counts) <= 1


@pytest.mark.parametrize(
    ("images", "parallelism", "expected"),
    [(1, 4, 20), (320, 4, 20), (321, 4, 21), (2_000, 4, 125), (8_000, 4, 500), (150_000, 4, 500), (2_000, 1, 500)],
)
def test_images_per_shard_is_a_quarter_wave_within_bounds(images: int, parallelism: int, expected: int):
    assert images_per_shard(images, parallelism) == expected


def test_images_per_shard_when_asked_for_is_as_asked():
    assert images_per_shard(10_000, 4, wanted=7) == 7


def test_images_per_shard_when_asked_for_too_many_shards_is_more():
    assert images_per_shard(1_000_000, 4, wanted=1) == 100
