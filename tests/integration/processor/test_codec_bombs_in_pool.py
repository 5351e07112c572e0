"""Bombs that no header tells: the child is ended at its time, or has the memory that the file's own size takes."""

from __future__ import annotations

import pytest
from fuzz.bombs import bombs
from support.pictures import encode, jpeg, photo

from imagebatch.model.batch import OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec_pool import CodecPool
from imagebatch_processor.policy import MEBIBYTE, ImageLimits


def test_compress_when_a_jpeg_has_ten_thousand_scans_then_decode_timeout_and_the_next_picture_is_done() -> None:
    with CodecPool(1, ImageLimits(decode_seconds=2)) as pool:
        with pytest.raises(ImageRejected) as caught:
            pool.compress(bombs()["JPEG of 10,000 scans"].make(), OutputOptions())
        assert caught.value.code == "decode_timeout"
        assert pool.compress(jpeg(), OutputOptions()).data


def test_compress_when_a_small_picture_is_a_large_file_then_it_has_the_memory_for_that() -> None:
    data = bombs()["JPEG of 20 MB of profile"].make()
    with CodecPool(1, memory_bytes=1024 * MEBIBYTE) as pool:
        assert len(pool.compress(data, OutputOptions()).data) < len(data)


def test_compress_when_a_header_took_memory_already_then_that_counts_as_the_pictures() -> None:
    large = encode(photo(400, 300).resize((4_000, 3_000)), "WEBP", method=0)
    with CodecPool(1, memory_bytes=200 * MEBIBYTE) as pool:  # of which 120 are for pictures, and canvases take 92
        with pytest.raises(ImageRejected) as caught:
            pool.compress(large, OutputOptions())
        assert caught.value.code == "out_of_memory"
        assert pool.compress(jpeg(), OutputOptions()).data
