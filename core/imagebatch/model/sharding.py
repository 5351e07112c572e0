"""How the images of a batch are cut into shards: contiguous runs, as equal as can be. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

MIN_IMAGES_PER_SHARD = 20
MAX_IMAGES_PER_SHARD = 500
MAX_SHARDS = 10_000  # what an Indexed Job may have with every limit of its own, and what can still be listed
WAVES = 4  # shards per worker: enough that a slow shard does not leave the others idle at the end


@dataclass(frozen=True, slots=True)
class ShardRange:
    """A shard: images `first` … `first + count - 1`, as bytes `offset` … `offset + length - 1` of images.jsonl."""

    index: int
    first: int
    count: int
    offset: int
    length: int

    @property
    def slice(self) -> tuple[int, int]:
        """Offset and length in bytes."""
        return self.offset, self.length


def images_per_shard(images: int, parallelism: int, wanted: int | None = None) -> int:
    """Return how many images a shard holds: as wanted, else images ÷ (4 × parallelism) within 20 … 500.

    More than wanted where there would be over 10,000 shards.
    """
    if wanted is not None:
        return max(wanted, ceil(images / MAX_SHARDS))
    return min(MAX_IMAGES_PER_SHARD, max(MIN_IMAGES_PER_SHARD, ceil(images / (WAVES * parallelism))))


def cut(line_lengths: list[int], per_shard: int) -> list[ShardRange]:
    """Cut lines of the given lengths in bytes (newline included) into equal shards of at most `per_shard` lines."""
    total = len(line_lengths)
    shards = ceil(total / per_shard)
    ranges: list[ShardRange] = []
    first = offset = 0
    for index in range(shards):
        count = total // shards + (1 if index < total % shards else 0)
        length = sum(line_lengths[first : first + count])
        ranges.append(ShardRange(index, first, count, offset, length))
        first += count
        offset += length
    return ranges
