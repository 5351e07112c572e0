"""Bombs of pixels, frames and headers: refused for what they announce, or borne; no memory is asked for before that."""

from __future__ import annotations

import pytest
from fuzz.bombs import CAME_OUT, bombs

from imagebatch.model.batch import OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import ImageLimits

BY_HEADER = [name for name, bomb in bombs().items() if bomb.by_header]
BORNE = [name for name, bomb in bombs().items() if bomb.end == CAME_OUT]


@pytest.mark.parametrize("name", BY_HEADER)
def test_compress_when_a_bomb_is_told_by_its_header_then_its_code_and_nothing_is_decoded(name: str) -> None:
    asked: list[int] = []
    bomb = bombs()[name]
    with pytest.raises(ImageRejected) as caught:
        compress(bomb.make(), OutputOptions(), ImageLimits(), before_decoding=asked.append)
    assert (caught.value.code, asked) == (bomb.end, [])


@pytest.mark.parametrize("name", BORNE)
def test_compress_when_what_is_huge_is_not_the_picture_then_the_picture_comes_out(name: str) -> None:
    result = compress(bombs()[name].make(), OutputOptions(), ImageLimits())
    assert result.width in (8, 40)
    assert len(result.data) < 10_000
