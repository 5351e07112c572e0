"""Every kind of picture gets the memory that it takes: the child is granted what the plan asks for, and no more."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PIL import Image
from support.pictures import encode, exif, photo, photo_with_alpha

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch_processor.codec_pool import CodecPool
from imagebatch_processor.policy import MEBIBYTE, ImageLimits

SIZE = (1800, 1200)
OUTPUTS = [
    OutputOptions(format=OutputFormat.JPEG, never_larger=False),
    OutputOptions(format=OutputFormat.PNG, max_width=1600),
    OutputOptions(format=OutputFormat.WEBP, quality=100),
    OutputOptions(format=OutputFormat.AVIF, quality=100),
]
# What a codec does when the decoder had enough, and the encoder fails in the library's own code, not in Pillow's.
STARVED = """
import resource, sys
from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec import compress, writing
from imagebatch_processor.policy import ImageLimits

encode = writing.encode
def starved(*arguments):
    used = int(open("/proc/self/statm").read().split()[5]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_DATA, (used + int(sys.argv[2]) * 2**20, -1))
    return encode(*arguments)
writing.encode = starved

try:
    compress(sys.stdin.buffer.read(), OutputOptions(format=OutputFormat(sys.argv[1])), ImageLimits())
except ImageRejected as rejection:
    print(rejection.code, repr(rejection.__cause__.__cause__))
"""


def picture(mode: str) -> Image.Image:
    """Return noise on a photograph, which encoders have most work with."""
    large = (photo_with_alpha if mode == "RGBA" else photo)(600, 400).resize(SIZE)
    return Image.blend(large, Image.effect_noise(SIZE, 90).convert(large.mode), 0.3).convert(mode)


@pytest.mark.parametrize(
    ("mode", "kind", "settings"),
    [
        ("RGB", "JPEG", {"exif": exif(6), "progressive": True, "subsampling": 0}),
        ("CMYK", "JPEG", {"exif": exif(6)}),
        ("RGBA", "PNG", {"exif": exif(6), "compress_level": 1}),
        ("RGBA", "TIFF", {}),
    ],
    ids=["progressive", "CMYK", "PNG with alpha", "TIFF with alpha"],
)
def test_compress_when_granted_what_is_asked_for_then_it_is_enough(
    mode: str, kind: str, settings: dict[str, object]
) -> None:
    data = encode(picture(mode), kind, **settings)
    with CodecPool(1, ImageLimits(decode_seconds=120), memory_bytes=1024 * MEBIBYTE) as pool:
        for options in OUTPUTS:
            assert pool.compress(data, options).data


@pytest.mark.parametrize(
    ("output", "mebibytes", "words"),
    [
        ("WebP", 18, "ValueError('encoding error 1"),
        ("AVIF", 44, "RuntimeError('Failed to encode image"),
        ("PNG", 14, "ValueError('quantization error"),
    ],
)
def test_compress_when_the_encoder_lacks_memory_then_out_of_memory(output: str, mebibytes: int, words: str) -> None:
    program = [sys.executable, "-c", STARVED, output, str(mebibytes)]
    done = subprocess.run(program, input=encode(picture("RGB"), "JPEG"), capture_output=True, check=True)
    assert done.stdout.decode().startswith(f"out_of_memory {words}")
