"""An AVIF's clean aperture: what is outside of it does not come out, before it is turned; a wrong one is ignored."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from support.avif_boxes import clap, with_property
from support.pictures import encode, exif
from support.quadrants import opened

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec import compress
from imagebatch_processor.codec.avif import clean_aperture
from imagebatch_processor.policy import ImageLimits

WIDTH, HEIGHT = 96, 64
PNG = OutputOptions(format=OutputFormat.PNG, quality=100)


def numbered() -> Image.Image:
    """Return a picture whose red says the column and whose green says the row."""
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[..., 0] = 2 * np.arange(WIDTH)
    pixels[..., 1] = 2 * np.arange(HEIGHT)[:, None]
    return Image.fromarray(pixels)


def cropped(box: bytes, **settings: object) -> Image.Image:
    data = encode(numbered(), "AVIF", quality=100, subsampling="4:4:4", **settings)
    return opened(compress(with_property(data, box), PNG, ImageLimits()).data)


def corner(picture: Image.Image) -> tuple[int, int]:
    red, green, _ = picture.convert("RGB").getpixel((0, 0))
    return round(red / 2), round(green / 2)


@pytest.mark.parametrize(
    ("box", "first", "size"),
    [
        (clap(48, 64, -48), (0, 0), (48, 64)),
        (clap(48, 64, 48), (48, 0), (48, 64)),
        (clap(96, 32, 0, 32), (0, 32), (96, 32)),
        (clap(31, 21, 1, 1), (33, 22), (31, 21)),
        (clap(1, 1, 95, 63), (95, 63), (1, 1)),
    ],
)
def test_avif_with_a_clean_aperture_comes_out_cropped(
    box: bytes, first: tuple[int, int], size: tuple[int, int]
) -> None:
    picture = cropped(box)
    assert picture.size == size
    assert np.abs(np.subtract(corner(picture), first)).max() <= 1


def test_avif_with_alpha_and_a_clean_aperture_keeps_both() -> None:
    shine = numbered()
    shine.putalpha(Image.linear_gradient("L").resize(shine.size))
    data = with_property(encode(shine, "AVIF", quality=100), clap(48, 32, 48, 32))
    picture = opened(compress(data, PNG, ImageLimits()).data)
    assert (picture.mode, picture.size) == ("RGBA", (48, 32))
    assert abs(picture.getpixel((0, 0))[3] - 128) < 6


def test_avif_that_is_turned_is_cropped_before() -> None:
    picture = cropped(clap(48, 64, -48), exif=exif(6))
    assert picture.size == (64, 48)
    red, green, _ = picture.convert("RGB").getpixel((63, 0))  # the stored first pixel
    assert max(red, green) <= 3


@pytest.mark.parametrize(
    "box",
    [
        clap(97, 64),  # wider than the picture
        clap(48, 64, -50),  # beyond its edge
        clap(47, 64),  # half a pixel from the edge
        clap(0, 64),
        clap(-48, 64),
        clap(48, 64, parts=0),
    ],
)
def test_avif_with_an_impossible_aperture_comes_out_whole(box: bytes) -> None:
    assert cropped(box).size == (WIDTH, HEIGHT)


def test_avif_whose_coded_picture_is_too_large_is_refused_though_what_is_seen_is_not() -> None:
    data = with_property(encode(numbered(), "AVIF"), clap(2, 2))
    with pytest.raises(ImageRejected) as refused:
        compress(data, PNG, ImageLimits(max_pixels=WIDTH * HEIGHT - 1))
    assert refused.value.code == "too_many_pixels"


def test_avif_that_was_cropped_is_not_kept_as_it_was() -> None:
    data = with_property(encode(numbered(), "AVIF", quality=1), clap(94, 64))
    assert not compress(data, OutputOptions(quality=100), ImageLimits()).kept_original


def test_clean_aperture_of_damaged_boxes_is_none_or_within_the_picture() -> None:
    data = with_property(encode(numbered(), "AVIF"), clap(48, 64, -48))
    head = data.index(b"mdat")
    damaged = [data[:end] for end in range(head)]
    damaged += [data[:at] + bytes([value]) + data[at + 1 :] for at in range(head) for value in (0, 1, 127, 255)]
    for each in damaged:
        left, top, width, height = clean_aperture(each, (WIDTH, HEIGHT)) or (0, 0, 1, 1)
        assert min(left, top) >= 0 < min(width, height)
        assert left + width <= WIDTH
        assert top + height <= HEIGHT
