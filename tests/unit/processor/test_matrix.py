"""Every kind of input × every kind of output looks as the input did, by the judgement of libvips.

What goes in is listed in tests/matrix/inputs.py and its neighbours, what comes out and the bounds in outputs.py.
"""

from __future__ import annotations

from functools import cache

import pytest
from matrix import judge
from matrix.inputs import Input, all_inputs
from matrix.outputs import ALPHA_DIFFERENCE, HOLDS_ALPHA, HOLDS_GRAY, OUTPUTS, Output

from imagebatch_processor.codec import compress
from imagebatch_processor.policy import ImageFormat, ImageLimits

INPUTS = all_inputs()
LIMITS = ImageLimits()
# libvips says what read a file: the format as its bytes have it, not as a name has it.
LOADERS = {
    ImageFormat.JPEG: "jpegload_buffer",
    ImageFormat.PNG: "pngload_buffer",
    ImageFormat.WEBP: "webpload_buffer",
    ImageFormat.AVIF: "heifload_buffer",
    ImageFormat.GIF: "gifload_buffer",
}


@cache
def _expected(name: str, flat: bool, max_width: int | None) -> judge.Seen:
    return judge.wanted(next(one for one in INPUTS if one.name == name), flat=flat, max_width=max_width)


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: output.name)
@pytest.mark.parametrize("one", INPUTS, ids=lambda one: one.name)
def test_cell_when_compressed_then_it_looks_as_the_input_did(one: Input, output: Output) -> None:
    data = one.make()
    result = compress(data, output.options, LIMITS)
    target = output.format_of(one)
    assert (result.format, result.content_type) == (target, f"image/{target.value.lower()}")
    expected = _expected(one.name, target not in HOLDS_ALPHA, output.options.max_width)
    assert (result.width, result.height) == expected.size
    if result.data == data:
        return
    expected = expected.in_or_out() if target is ImageFormat.GIF else expected
    found = judge.seen(result.data)
    assert found.loader == LOADERS[target]
    assert (found.size, found.orientation) == (expected.size, 1)
    assert found.is_opaque is not (one.alpha and target in HOLDS_ALPHA)
    if one.makes_profile:
        assert bool(found.profile) is (not one.gray or target in HOLDS_GRAY)
    else:
        assert found.profile == output.profile_of(one)
    if target in HOLDS_GRAY:
        assert found.is_gray is one.gray
    assert judge.difference(found, expected) <= output.bound_of(one)
    assert judge.alpha_difference(found, expected) <= ALPHA_DIFFERENCE[output.options.quality]


def test_inputs_when_libvips_is_overruled_or_given_room_then_the_reason_is_stated() -> None:
    assert len({one.name for one in INPUTS}) == len(INPUTS) >= 150
    for one in INPUTS:
        assert bool(one.why) is (one.truth is not None or one.allowance > 0), one.name
