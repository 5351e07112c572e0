"""The codec side by side with libjpeg-turbo itself, plain Pillow, libvips and sharp, on one core; then in children.

Real photographs of three sizes, JPEG to JPEG of quality 50, 4:2:0 everywhere; medians of interleaved rounds in one run.
"""

from __future__ import annotations

import argparse
import io
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.codec_programs import OPTIONS, CodecProgram, one_core
from bench.other_formats import other_formats
from bench.real_photographs import camera_jpeg, large_names, origin, photograph
from bench.report import Goal, Row, table, text_table
from bench.similarity import luma_ssim
from PIL import Image

from imagebatch_processor.codec_pool import CodecPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Work = Callable[[bytes], tuple[float, bytes]]

MEGAPIXELS = (0.5, 2, 12)
ROUNDS = 24
WARM_UP_ROUNDS = 2
LARGE_SHARE = 3  # of the rounds, for the largest: they take long and vary less
MIDDLE_SIDE = 1600
PICTURES_PER_RUN = 20  # of the pools
MEMORY_BYTES = 2**30
FLOOR, OWN, CHILD = "simplejpeg (libjpeg-turbo)", "this engine, in process", "this engine, by the child"
HEADINGS = ("MP", "codec", "ms an image", "MP/s", "÷ floor", "kB", "SSIM")


@dataclass(frozen=True, slots=True)
class Speed:
    """What one codec did with the photographs of one size: medians of seconds, means of the rest."""

    megapixels: float
    name: str
    seconds: float
    of_floor: float
    bytes: float
    ssim: float

    def cells(self) -> tuple[str, ...]:
        """Return the line of the table."""
        milliseconds, speed = f"{self.seconds * 1000:.1f}", f"{self.megapixels / self.seconds:.0f}"
        size, alike = f"{self.bytes / 1000:.0f}", f"{self.ssim:.3f}"
        return f"{self.megapixels:g}", self.name, milliseconds, speed, f"{self.of_floor:.2f}", size, alike


@dataclass(frozen=True, slots=True)
class Found:
    """Figures with goals, and the tables beside them."""

    rows: list[Row]
    tables: dict[str, str]


def run(rounds: int = ROUNDS) -> Found:
    """Return all figures; `rounds` of each."""
    speeds = [speed for megapixels in MEGAPIXELS for speed in _side_by_side(megapixels, rounds)]
    title = f"codecs on one core, JPEG to JPEG of quality 50, 4:2:0, {len(large_names())} photographs ({origin()})"
    tables = {
        title: text_table(HEADINGS, [speed.cells() for speed in speeds]),
        "other formats, one core, quality 50": other_formats(max(1, rounds // 8)),
    }
    import_row = Row("codec: import of the codec over bare Python", _import_ms(max(1, rounds // 3)), "ms")
    return Found([*_goals(speeds), *_two_children(rounds), import_row], tables)


def _goals(speeds: list[Speed]) -> list[Row]:
    found = {(speed.megapixels, speed.name): speed for speed in speeds}
    ratios = [
        Row(
            f"codec: this codec ÷ simplejpeg, {size:g} MP",
            found[size, OWN].of_floor,
            "",
            Goal.least(0.80) if size == 2 else None,
        )
        for size in MEGAPIXELS
    ]
    extra = [
        Row(
            f"codec: isolation, extra per image, {size:g} MP",
            1000 * (found[size, CHILD].seconds - found[size, OWN].seconds),
            "ms",
            Goal.most(3, "ms") if size == 2 else None,
        )
        for size in MEGAPIXELS
    ]
    return ratios + extra


def _side_by_side(megapixels: float, rounds: int) -> list[Speed]:
    """Return every codec's speed over the same photographs, all in turns."""
    pictures = [camera_jpeg(name, megapixels) for name in large_names()]
    if megapixels == max(MEGAPIXELS):
        rounds = max(1, rounds // LARGE_SHARE)
    with _codecs() as works:
        for work in [*works.values()] * WARM_UP_ROUNDS:
            _seconds_an_image(work, pictures)
        turns = [{name: _seconds_an_image(work, pictures) for name, work in works.items()} for _ in range(rounds)]
        outputs = {name: [work(picture)[1] for picture in pictures] for name, work in works.items()}
    originals = [photograph(name, megapixels) for name in large_names()]
    return [
        Speed(
            megapixels,
            name,
            statistics.median(turn[name] for turn in turns),
            statistics.median(turn[FLOOR] / turn[name] for turn in turns),
            statistics.mean(len(output) for output in outputs[name]),
            statistics.mean(map(_alike, originals, outputs[name])),
        )
        for name in works
    ]


def _alike(original: Image.Image, output: bytes) -> float:
    """Return the similarity in the middle, as 2 megapixels of 12 tell as much as all."""
    left, top = (max(0, side - MIDDLE_SIDE) // 2 for side in original.size)
    box = (left, top, original.width - left, original.height - top)
    return luma_ssim(original.crop(box), Image.open(io.BytesIO(output)).crop(box))


def _seconds_an_image(work: Work, pictures: list[bytes]) -> float:
    """Return the mean time for one picture after the other, as in a batch: the first only warms the core's caches."""
    work(pictures[-1])
    return statistics.mean(work(picture)[0] for picture in pictures)


@contextmanager
def _codecs() -> Iterator[dict[str, Work]]:
    """Start every codec in a process of its own, all on the same core; yields their work by name."""
    names = {FLOOR: "simplejpeg", OWN: "own", "Pillow, plain": "pillow", "pyvips, Q=50": "pyvips"}
    tools = _sharp_tools()
    with ExitStack() as stack:
        with one_core():
            programs = {title: CodecProgram.python(name) for title, name in names.items()}
            if tools is not None:
                programs["sharp, its defaults"] = CodecProgram.sharp(tools)
                programs["sharp, tables as libjpeg's"] = CodecProgram.sharp(tools, "plain")
            pool = stack.enter_context(CodecPool(1, memory_bytes=MEMORY_BYTES))
            _by_child(pool, camera_jpeg(large_names()[0], MEGAPIXELS[0]))  # it is started now, on this core
        for program in programs.values():
            stack.enter_context(program)
        works: dict[str, Work] = {title: partial(_by_program, program) for title, program in programs.items()}
        yield {FLOOR: works.pop(FLOOR), OWN: works.pop(OWN), CHILD: partial(_by_child, pool), **works}


def _by_program(program: CodecProgram, data: bytes) -> tuple[float, bytes]:
    answer = program.work(data)
    return answer.seconds, answer.data


def _by_child(pool: CodecPool, data: bytes) -> tuple[float, bytes]:
    started = time.perf_counter()
    done = pool.compress(data, OPTIONS)
    return time.perf_counter() - started, done.data


def _sharp_tools() -> Path | None:
    """Return where npm's programs are; None where sharp cannot be installed, which is said."""
    script = Path(__file__).parents[2] / "hack" / "bench_tools.sh"
    found = subprocess.run([script, "sharp"], stdout=subprocess.PIPE, text=True, check=False)
    return Path(found.stdout.strip()) if found.returncode == 0 else None


def _two_children(rounds: int) -> list[Row]:
    data = camera_jpeg(large_names()[0], 2)
    with CodecPool(1, memory_bytes=MEMORY_BYTES) as one, CodecPool(2, memory_bytes=MEMORY_BYTES) as two:
        for pool in (one, two):
            _pictures_per_second(pool, data)
        pairs = [(_pictures_per_second(one, data), _pictures_per_second(two, data)) for _ in range(rounds)]
    alone, both = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(second / first for first, second in pairs)
    return [
        Row("codec: one child, 2 MP", alone, "images/s"),
        Row("codec: two children, 2 MP", both, "images/s"),
        Row("codec: two children ÷ one", ratio, "", Goal.least(1.5, stretch=1.7)),
    ]


def _pictures_per_second(pool: CodecPool, data: bytes) -> float:
    """Return the rate at which twice as many threads as children get their pictures done."""
    with ThreadPoolExecutor(2 * pool.workers) as threads:
        started = time.perf_counter()
        list(threads.map(lambda _: pool.compress(data, OPTIONS), range(PICTURES_PER_RUN)))
        return PICTURES_PER_RUN / (time.perf_counter() - started)


def _import_ms(runs: int) -> float:
    """Return the milliseconds that a Python process lives longer for importing the codec."""

    def lived(program: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-c", program], check=True)
        return time.perf_counter() - started

    lived("import imagebatch_processor.codec")
    pairs = [(lived("import imagebatch_processor.codec"), lived("pass")) for _ in range(runs)]
    return 1000 * statistics.median(with_codec - bare for with_codec, bare in pairs)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of each codec (%(default)s)")
    found = run(parser.parse_args().rounds)
    print(table(found.rows))
    for title, text in found.tables.items():
        print(f"\n{title}\n\n{text}")


if __name__ == "__main__":
    main()
