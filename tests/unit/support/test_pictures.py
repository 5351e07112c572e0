"""Test pictures are the same bytes every time and what they say they are."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from support import pictures


@pytest.mark.parametrize(
    ("make", "kind", "mode"),
    [
        (lambda: pictures.jpeg(64, 48), "JPEG", "RGB"),
        (lambda: pictures.png(64, 48, alpha=True), "PNG", "RGBA"),
        (lambda: pictures.webp(64, 48), "WEBP", "RGB"),
        (lambda: pictures.jpeg(64, 48, icc_profile=pictures.srgb_profile()), "JPEG", "RGB"),
    ],
)
def test_picture_when_made_twice_then_is_the_same_file(make, kind, mode):
    data = make()
    pictures.photo.cache_clear()
    assert make() == data
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.format, picture.mode, picture.size) == (kind, mode, (64, 48))


def test_jpeg_when_turned_then_says_so():
    with Image.open(io.BytesIO(pictures.jpeg(64, 48, orientation=6))) as picture:
        assert picture.getexif()[pictures.ORIENTATION_TAG] == 6


def test_photo_when_the_seed_differs_then_is_another():
    assert pictures.jpeg(64, 48, seed=1) != pictures.jpeg(64, 48, seed=2)
