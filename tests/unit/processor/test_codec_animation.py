"""Animations stay animations where the target can hold them."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from support.pictures import encode
from support.quadrants import CORNERS, are_close, corner_colours, quadrants

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import ImageLimits

TIMES = [100, 200, 300]


def _animation(kind: str, mode: str = "RGB") -> bytes:
    frames = [
        quadrants(mode=mode).transpose(turn) for turn in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180)
    ]
    options: dict[str, object] = {"WEBP": {"lossless": True}, "GIF": {"disposal": 2}}.get(kind, {})
    return encode(quadrants(mode=mode), kind, save_all=True, append_images=frames, duration=TIMES, loop=2, **options)


@pytest.mark.parametrize("source", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize("target", ["Auto", "WebP", "PNG", "AVIF"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_compress_when_animated_then_all_frames_with_their_times(source: str, target: str, mode: str) -> None:
    result = compress(_animation(source, mode), OutputOptions(format=OutputFormat(target)), ImageLimits())
    with Image.open(io.BytesIO(result.data)) as picture:
        assert getattr(picture, "n_frames", 1) == 3
        for index, duration in enumerate(TIMES):
            picture.seek(index)
            picture.load()
            assert round(picture.info["duration"]) == duration
            first = corner_colours(picture, "RGBA")
            if mode == "RGB":
                a, b, c, d = CORNERS
                wanted = [[a, b, c, d], [b, a, d, c], [d, c, b, a]][index]
                assert are_close([colour[:3] for colour in first], wanted, tolerance=40)
            else:
                assert [colour[3] < 127 for colour in first].index(True) == [3, 2, 0][index]


def test_compress_when_the_target_holds_one_picture_then_the_first_frame() -> None:
    result = compress(_animation("GIF"), OutputOptions(format=OutputFormat.JPEG), ImageLimits())
    with Image.open(io.BytesIO(result.data)) as picture:
        assert are_close(corner_colours(picture), list(CORNERS), tolerance=40)


@pytest.mark.parametrize("target", ["Auto", "WebP", "PNG"])
def test_compress_when_resized_then_every_frame_is(target: str) -> None:
    options = OutputOptions(format=OutputFormat(target), max_width=48)
    result = compress(_animation("GIF"), options, ImageLimits())
    with Image.open(io.BytesIO(result.data)) as picture:
        assert (result.width, result.height) == picture.size == (48, 32)
        assert getattr(picture, "n_frames", 1) == 3


@pytest.mark.parametrize("source", ["GIF", "WEBP", "PNG"])
def test_compress_when_it_loops_twice_then_the_output_does(source: str) -> None:
    options = OutputOptions(format=OutputFormat.WEBP)
    with Image.open(io.BytesIO(compress(_animation(source), options, ImageLimits()).data)) as picture:
        picture.load()
        assert picture.info["loop"] == 2


@pytest.mark.parametrize("target", ["WebP", "PNG"])
def test_compress_when_a_gif_says_nothing_of_rounds_then_it_is_shown_once(target: str) -> None:
    data = encode(quadrants(), "GIF", save_all=True, append_images=[quadrants().rotate(180)], duration=100)
    result = compress(data, OutputOptions(format=OutputFormat(target)), ImageLimits())
    with Image.open(io.BytesIO(result.data)) as picture:
        assert picture.info["loop"] == 1
