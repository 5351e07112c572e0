"""Every frame of every moving input looks as it did, by the judgement of libvips, and is shown as long."""

from __future__ import annotations

import numpy as np
import pytest
from matrix.judge import Seen, alpha_difference, difference
from matrix.moving import MARGIN, TIMES, frames, inputs, seen_frames, times
from matrix.outputs import MEAN_DIFFERENCE
from matrix.scene import Numbers

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import ImageLimits

INPUTS = inputs()
# libvips reads one frame of an animated PNG, and turns no frames: the true ones are those that went in.
HARD_EDGES = 1.5  # added to the bound: a patch of another colour, in few colours, is what WebP is worst at
NO_JUDGE = {"png": False, "png-clear": True, "png-hidden-first": False, "webp-turned": False}


def _true(numbers: Numbers, margin: int) -> Seen:
    alpha = numbers[..., 3:] if numbers.shape[-1] == 4 else np.ones((*numbers.shape[:2], 1))
    around = ((0, margin), (0, margin), (0, 0))
    return Seen(np.pad(numbers[..., :3] * 255, around), np.pad(alpha * 255, around))


def _expected(name: str, data: bytes) -> list[Seen]:
    if name not in NO_JUDGE:
        return seen_frames(data)
    margin = MARGIN if name == "gif-off-centre-first" else 0
    return [_true(frame, margin) for frame in frames(NO_JUDGE[name])]


@pytest.mark.parametrize("never_larger", [True, False], ids=["kept", "anew"])
@pytest.mark.parametrize("target", [OutputFormat.AUTO, OutputFormat.WEBP])
@pytest.mark.parametrize("name", INPUTS)
def test_frames_when_compressed_then_each_looks_as_it_did(name: str, target: OutputFormat, never_larger: bool) -> None:
    data = INPUTS[name]()
    result = compress(data, OutputOptions(format=target, quality=100, never_larger=never_larger), ImageLimits())
    if result.format == "PNG":
        assert result.data.count(b"fcTL") == len(TIMES)
        return
    if result.data == data:
        return
    expected, found = _expected(name, data), seen_frames(result.data)
    assert times(result.data) == TIMES
    assert (result.width, result.height) == expected[0].size
    for one, other in zip(found, expected, strict=True):
        assert one.size == other.size
        assert alpha_difference(one, other) <= 0.5
        assert difference(one, other) <= MEAN_DIFFERENCE[result.format][100] + HARD_EDGES


@pytest.mark.parametrize("name", INPUTS)
def test_frames_when_a_gif_is_made_narrower_then_what_is_clear_stays_clear(name: str) -> None:
    data = INPUTS[name]()
    result = compress(data, OutputOptions(quality=100, max_width=32), ImageLimits())
    if result.format == "PNG":
        return
    clear = [(frame.alpha < 128).mean() for frame in _expected(name, data)]
    assert [(frame.alpha < 128).mean() for frame in seen_frames(result.data)] == pytest.approx(clear, abs=0.04)
