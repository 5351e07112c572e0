"""HEIC in the pool's children: libheif starts a thread for each tile, within what the children gave up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from support.kept_pictures import kept_picture
from support.pictures import encode, exif, photo, photo_with_alpha

from imagebatch.model.batch import OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec import compress
from imagebatch_processor.codec_pool import CodecPool
from imagebatch_processor.policy import MEBIBYTE, ImageLimits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image


@pytest.fixture(scope="module")
def pool() -> Iterator[CodecPool]:
    with CodecPool(1, memory_bytes=1024 * MEBIBYTE) as pool:
        yield pool


def _deep(picture: Image.Image, **options: object) -> bytes:
    pixels = np.asarray(picture, np.uint16) * 257
    return encode(picture, "HEIC", raw=(f"{picture.mode};16", pixels.tobytes()), chroma=444, **options)


def test_compress_when_heic_then_what_the_codec_makes_of_it(pool: CodecPool) -> None:
    for data in (kept_picture("tiles.heic"), encode(photo(), "HEIC"), encode(photo_with_alpha(), "HEIC")):
        assert pool.compress(data, OutputOptions()) == compress(data, OutputOptions(), ImageLimits())


def test_compress_when_large_deep_and_turned_then_within_the_memory_that_was_asked_for(pool: CodecPool) -> None:
    picture = photo_with_alpha().resize((2000, 1500))
    result = pool.compress(_deep(picture, exif=exif(6), quality=5), OutputOptions())
    assert (result.width, result.height) == (1500, 2000)


def test_compress_when_a_heic_is_cut_then_refused_and_the_child_stays(pool: CodecPool) -> None:
    data, child = encode(photo(), "HEIC"), pool.pids()
    with pytest.raises(ImageRejected) as caught:
        pool.compress(data[: len(data) // 2], OutputOptions())
    assert caught.value.code == "truncated"
    assert pool.pids() == child
