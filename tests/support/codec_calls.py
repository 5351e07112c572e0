"""The codec as most of its tests call it: with the default limits, for a result or for a refusal."""

from __future__ import annotations

import pytest

from imagebatch.model.batch import OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import Compressed, ImageLimits


def compressed(data: bytes, options: OutputOptions | None = None) -> Compressed:
    """Return a file compressed."""
    return compress(data, options or OutputOptions(), ImageLimits())


def refusal(data: bytes, options: OutputOptions | None = None) -> tuple[str, str]:
    """Return code and message of a file's refusal, which must come."""
    with pytest.raises(ImageRejected) as caught:
        compressed(data, options)
    return caught.value.code, caught.value.message
