"""How many images a shard has in hand: enough for its encoders, and no more than its memory holds at their largest."""

import pytest

from imagebatch_processor.run import downloads_at_once

MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("workers", "memory", "largest", "expected"),
    [(1, 1024, 25, 8), (2, 1024, 25, 12), (4, 1024, 25, 12), (1, 1024, 100, 3), (4, 4096, 25, 32), (1, 64, 100, 1)],
)
def test_downloads_at_once_feed_the_encoders_and_fit_the_memory(
    workers: int, memory: int, largest: int, expected: int
) -> None:
    assert downloads_at_once(workers, memory * MEBIBYTE, largest * MEBIBYTE) == expected
