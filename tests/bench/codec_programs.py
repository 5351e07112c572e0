"""Other codecs and this one, each in a process of its own that re-encodes one picture after the other and times itself.

`python -m bench.codec_programs NAME` serves on its standard input and output; `CodecProgram` is the other end. A
request is a line of JSON, {"format", "bytes"}, and the picture; an answer {"seconds", "bytes"} and the new one. Moving
the bytes is not timed.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pyvips
import simplejpeg
from PIL import Image

from imagebatch.model.batch import OutputOptions
from imagebatch_processor import codec
from imagebatch_processor.policy import ImageFormat, ImageLimits, encoder_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TESTS = Path(__file__).parents[1]
SHARP = Path(__file__).parent / "sharp_codec.mjs"
QUALITY = 50
KEPT_BLOCKS = 4
OPTIONS = OutputOptions(quality=QUALITY)
LIMITS = ImageLimits()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program made of a picture, and how long that took."""

    seconds: float
    data: bytes


class CodecProgram:
    """One running program; libvips, in whichever of them it is, has one thread."""

    def __init__(self, command: list[str], environ: dict[str, str] | None = None) -> None:
        environ = {**os.environ, "VIPS_CONCURRENCY": "1", **(environ or {})}
        self._process = subprocess.Popen(command, cwd=TESTS, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    @classmethod
    def python(cls, name: str) -> Self:
        """Return one of `WORKS`."""
        return cls([sys.executable, "-m", "bench.codec_programs", name])

    @classmethod
    def sharp(cls, programs: Path, *arguments: str) -> Self:
        """Return sharp in Node, of the npm packages beside `programs`."""
        return cls(["node", str(SHARP), *arguments], {"NODE_TOOLS": str(programs.parent)})

    def work(self, data: bytes, kind: str = "JPEG") -> Answer:
        """Return the picture re-encoded in its own format."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"format": kind, "bytes": len(data)}).encode() + b"\n" + data)
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Answer(answer["seconds"], self._process.stdout.read(answer["bytes"]))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:  # closes its standard input, which ends it
            pass


@contextmanager
def one_core() -> Iterator[None]:
    """Have what is started meanwhile keep to one core: libvips decodes and encodes in two threads even if told one."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def floor(data: bytes, _: ImageFormat) -> bytes:
    """Re-encode with libjpeg-turbo and nothing else."""
    pixels = simplejpeg.decode_jpeg(data)
    return simplejpeg.encode_jpeg(pixels, quality=QUALITY, colorspace="RGB", colorsubsampling="420")


def plain_pillow(data: bytes, kind: ImageFormat) -> bytes:
    """Re-encode as everybody does."""
    with Image.open(io.BytesIO(data)) as picture, io.BytesIO() as file:
        picture.save(file, kind.value, **_alike(kind))
        return file.getvalue()


def _alike(kind: ImageFormat) -> dict[str, Any]:
    """Return the encoder's settings that the product uses, less what Pillow's users do not know of."""
    return {"quality": QUALITY} if kind is ImageFormat.JPEG else encoder_settings(kind, QUALITY, 2_000_000)


def own_codec(data: bytes, _: ImageFormat) -> bytes:
    """Re-encode as the product does, in this process."""
    return codec.compress(data, OPTIONS, LIMITS).data


def vips(data: bytes, kind: ImageFormat) -> bytes:
    """Re-encode as libvips' users do, with the product's settings where there are any."""
    quality = encoder_settings(kind, QUALITY, 2_000_000).get("quality", 100)
    options: dict[str, Any] = {
        ImageFormat.JPEG: {"Q": QUALITY},
        ImageFormat.PNG: {"palette": True},
        ImageFormat.WEBP: {"Q": quality, "effort": 4},
        ImageFormat.AVIF: {"Q": quality, "effort": 1, "compression": "av1"},
    }[kind]
    picture = pyvips.Image.new_from_buffer(data, "", access="sequential")
    suffix = {ImageFormat.JPEG: ".jpg", ImageFormat.AVIF: ".avif"}.get(kind, f".{kind.value.lower()}")
    return bytes(picture.write_to_buffer(suffix, **options))


WORKS: dict[str, Callable[[bytes, ImageFormat], bytes]] = {
    "simplejpeg": floor,
    "own": own_codec,
    "pillow": plain_pillow,
    "pyvips": vips,
}


def main(name: str) -> None:
    """Serve until the standard input ends."""
    work = WORKS[name]
    if work is own_codec:
        codec.keep_pixel_memory(KEPT_BLOCKS)
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        data = sys.stdin.buffer.read(request["bytes"])
        started = time.perf_counter()
        made = work(data, ImageFormat(request["format"]))
        seconds = time.perf_counter() - started
        sys.stdout.buffer.write(json.dumps({"seconds": seconds, "bytes": len(made)}).encode() + b"\n" + made)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1])
