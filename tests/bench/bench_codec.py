"""The codec side by side with libjpeg-turbo itself and with plain Pillow, alone and in child processes.

JPEG to JPEG of quality 50 at 2 megapixels, a photograph, 4:2:0 everywhere; medians of interleaved rounds in one run.
"""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import simplejpeg
from PIL import Image
from sklearn.datasets import load_sample_image

from imagebatch.model.batch import OutputOptions
from imagebatch_processor import codec
from imagebatch_processor.codec_pool import CodecPool
from imagebatch_processor.policy import ImageLimits

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = (1732, 1155)
MEGAPIXELS = SIZE[0] * SIZE[1] / 1e6
RUNS = 40
WARM_UP_RUNS = 3
PICTURES_PER_RUN = 20  # of the pools
KEPT_BLOCKS = 4
OPTIONS = OutputOptions(quality=50)
LIMITS = ImageLimits()


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of the table; `least` or `most` is the goal where there is one."""

    name: str
    value: float
    unit: str = ""
    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        goal = f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}" if self.most is not None else ""
        return f"{self.name:<45}{self.value:>9.2f} {self.unit:<10}{goal}"


def sample_jpeg() -> bytes:
    """Return a photograph of 2 megapixels as a camera's JPEG."""
    picture = Image.fromarray(load_sample_image("china.jpg")).resize(SIZE, Image.Resampling.LANCZOS)
    with io.BytesIO() as file:
        picture.save(file, "JPEG", quality=92)
        return file.getvalue()


def floor(data: bytes) -> bytes:
    """Re-encode with libjpeg-turbo and nothing else."""
    pixels = simplejpeg.decode_jpeg(data)
    return simplejpeg.encode_jpeg(pixels, quality=50, colorspace="RGB", colorsubsampling="420")


def plain_pillow(data: bytes, **options: bool) -> bytes:
    """Re-encode as everybody does."""
    with Image.open(io.BytesIO(data)) as picture, io.BytesIO() as file:
        picture.save(file, "JPEG", quality=50, subsampling=2, **options)
        return file.getvalue()


def own_codec(data: bytes) -> bytes:
    """Re-encode as the product does, in this process."""
    return codec.compress(data, OPTIONS, LIMITS).data


def run(runs: int = RUNS) -> list[Row]:
    """Return all figures, each the median of `runs`."""
    data = sample_jpeg()
    import_row = Row("import of the codec over bare Python", _import_ms(max(1, runs // 5)), "ms")
    return [*_in_one_process(data, runs), *_in_children(data, runs), import_row]


def _in_one_process(data: bytes, runs: int) -> list[Row]:
    codec.keep_pixel_memory(KEPT_BLOCKS)
    optimized = partial(plain_pillow, optimize=True)
    floor_speed, own, kept, best_packed = _speeds([floor, own_codec, plain_pillow, optimized], data, runs)
    codec.keep_pixel_memory(0)  # apart from the others: it throws away what they keep
    second_floor_speed, plain = _speeds([floor, plain_pillow], data, runs)
    codec.keep_pixel_memory(KEPT_BLOCKS)
    fewer = 100 * (1 - len(optimized(data)) / len(plain_pillow(data)))
    return [
        Row("simplejpeg, one core", floor_speed, "MP/s"),
        Row("this codec, one core", own, "MP/s"),
        Row("Pillow, memory kept, one core", kept, "MP/s"),
        Row("Pillow, optimize=True, memory kept, one core", best_packed, "MP/s"),
        Row("Pillow, plain, one core", plain, "MP/s"),
        Row("this codec ÷ simplejpeg", own / floor_speed, "", least=0.80),
        Row("Pillow, plain ÷ simplejpeg", plain / second_floor_speed),
        Row("bytes that optimize=True would save", fewer, "%"),
    ]


def _speeds(works: list[Callable[[bytes], bytes]], data: bytes, runs: int) -> list[float]:
    """Return the speed of each (megapixels a second), all in turns."""
    for work in works * WARM_UP_RUNS:
        work(data)
    rounds = [[_seconds(partial(work, data)) for work in works] for _ in range(runs)]
    return [MEGAPIXELS / statistics.median(seconds) for seconds in zip(*rounds, strict=True)]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _in_children(data: bytes, runs: int) -> list[Row]:
    with CodecPool(1, memory_bytes=2**30) as one, CodecPool(2, memory_bytes=2**30) as two:
        for pool in (one, two):
            _pictures_per_second(pool, data)
        by_child = partial(one.compress, data, OPTIONS)
        extra = statistics.median(_seconds(by_child) - _seconds(partial(own_codec, data)) for _ in range(runs))
        pairs = [(_pictures_per_second(one, data), _pictures_per_second(two, data)) for _ in range(runs)]
    alone, both = (statistics.median(column) for column in zip(*pairs, strict=True))
    return [
        Row("one child", alone, "images/s"),
        Row("two children", both, "images/s"),
        Row("two children ÷ one", statistics.median(second / first for first, second in pairs), "", least=1.5),
        Row("isolation, extra per image", extra * 1000, "ms", most=3),
    ]


def _pictures_per_second(pool: CodecPool, data: bytes) -> float:
    """Return the rate at which twice as many threads as children get their pictures done."""
    with ThreadPoolExecutor(2 * pool.workers) as threads:
        work = [partial(pool.compress, data, OPTIONS)] * PICTURES_PER_RUN
        return PICTURES_PER_RUN / _seconds(lambda: list(threads.map(lambda compress: compress(), work)))


def _import_ms(runs: int) -> float:
    """Return the milliseconds that a Python process lives longer for importing the codec."""

    def lived(program: str) -> float:
        return _seconds(partial(subprocess.run, [sys.executable, "-I", "-c", program], check=True))

    lived("import imagebatch_processor.codec")
    pairs = [(lived("import imagebatch_processor.codec"), lived("pass")) for _ in range(runs)]
    return 1000 * statistics.median(with_codec - bare for with_codec, bare in pairs)


def main() -> None:
    """Print the table."""
    for row in run():
        print(row)


if __name__ == "__main__":
    main()
