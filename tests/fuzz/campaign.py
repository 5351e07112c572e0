"""Mutants sent through a real codec pool, and what became of each: its end, and whatever is wrong with that end."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.memory import TreeSampler, tree_mib
from fuzz.mutations import Mutant, mutant
from fuzz.seeds import opened, seeds

from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec_pool import CodecPool
from imagebatch_processor.policy import MEBIBYTE, Compressed, ImageLimits

if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY_BYTES = 1024 * MEBIBYTE  # of a processor's pod by the chart
WORKERS = 2
THREADS = 3
CAME_OUT = "came out"
# Codes of docs/reference/errors.md that are about a picture's bytes.
CONTRACT = frozenset(
    ("too_large", "too_many_pixels", "too_many_frames", "not_an_image", "unsupported_format", "truncated", "corrupt",
     "decode_timeout", "decoder_crashed", "out_of_memory")
)  # fmt: skip
COSTLY = ("decoder_crashed", "decode_timeout", "out_of_memory")  # of a child or its time
LONGEST_MESSAGE = 300
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}| object at ")
ASK_AGAIN = 25  # every so many refused files are tried once more: the same words must come


@dataclass(frozen=True)
class Tried:
    """One mutant's end. `problem` says what must not be; empty if all is well."""

    mutant: Mutant
    end: str
    seconds: float
    message: str = ""
    problem: str = ""


@dataclass
class Findings:
    """What a run has shown. `largest_mib` is the memory of the process tree, without what it held before."""

    tried: int = 0
    ends: dict[str, Counter[str]] = field(default_factory=dict)
    slowest: dict[str, Tried] = field(default_factory=dict)
    died: list[Tried] = field(default_factory=list)
    problems: list[Tried] = field(default_factory=list)
    largest_mib: float = 0.0
    seconds: float = 0.0

    def add(self, tried: Tried) -> None:
        kind = tried.mutant.format
        self.tried += 1
        self.ends.setdefault(kind, Counter())[tried.end] += 1
        if kind not in self.slowest or tried.seconds > self.slowest[kind].seconds:
            self.slowest[kind] = tried
        if tried.end in COSTLY:
            self.died.append(tried)
        if tried.problem:
            self.problems.append(tried)


def run(seed: int, numbers: range, each: Callable[[Tried], object] = lambda _: None) -> Findings:
    """Try the mutants; `each` is told of every end as it comes."""
    seeds()  # before there are threads: Pillow's encoders write into the pictures that they encode
    findings, limits = Findings(), ImageLimits()
    began, before_mib = time.monotonic(), tree_mib(os.getpid())
    with (
        CodecPool(WORKERS, limits, MEMORY_BYTES) as pool,
        ThreadPoolExecutor(THREADS) as threads,
        TreeSampler(os.getpid()) as sampler,
    ):
        for tried in threads.map(lambda number: attempt(pool, mutant(seed, number), limits), numbers):
            findings.add(tried)
            each(tried)
    findings.largest_mib, findings.seconds = sampler.largest_mib - before_mib, time.monotonic() - began
    return findings


def attempt(pool: CodecPool, file: Mutant, limits: ImageLimits) -> Tried:
    """Send one mutant through the pool; whatever it raises besides a refusal is a problem."""
    began = time.monotonic()
    try:
        done = pool.compress(file.data, file.options)
    except ImageRejected as rejected:
        return _refused(pool, file, limits, rejected, time.monotonic() - began)
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return Tried(file, "escaped", time.monotonic() - began, str(error), f"{type(error).__name__} escaped")
    seconds = time.monotonic() - began
    return Tried(file, CAME_OUT, seconds, problem=_wrong_with(done) or _too_slow(seconds, limits))


def _refused(pool: CodecPool, file: Mutant, limits: ImageLimits, rejected: ImageRejected, seconds: float) -> Tried:
    code, message = rejected.code, rejected.message
    again = file.number % ASK_AGAIN == 0 and code not in ("decode_timeout", "out_of_memory")
    problems = [
        "" if code in CONTRACT else f"{code} is not in the contract",
        "a sound file was refused" if not file.changes else "",
        "the message is too long" if len(message) > LONGEST_MESSAGE else "",
        "the message holds an address" if _ADDRESS.search(message) else "",
        "the message is not printable" if not message.isprintable() else "",
        "our own program failed" if code == "decoder_crashed" and "was ended by" not in message else "",
        "other words the second time" if again and (code, message) != _asked_again(pool, file) else "",
        _too_slow(seconds, limits),
    ]
    return Tried(file, code, seconds, message, next(filter(None, problems), ""))


def _asked_again(pool: CodecPool, file: Mutant) -> tuple[str, str]:
    try:
        pool.compress(file.data, file.options)
    except ImageRejected as rejected:
        return rejected.code, rejected.message
    return CAME_OUT, ""


def _too_slow(seconds: float, limits: ImageLimits) -> str:
    """Waiting for a free child, for memory and for the header has the same time once more each."""
    return "it took longer than it may" if seconds > 3 * limits.decode_seconds else ""


def _wrong_with(done: Compressed) -> str:
    """Look at the header of what came out; an original that was kept may be odd in ways that decoders bear."""
    if done.kept_original:
        return ""
    kind, size = opened(done.data)
    right = (kind, size) == (done.format.value, (done.width, done.height))
    return "" if right else f"{kind} {size} came out as {done.format} {done.width} × {done.height}"
