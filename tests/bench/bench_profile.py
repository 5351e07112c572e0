"""Where the processor time of an image goes while a batch is worked on, by program, from /proc."""

from __future__ import annotations

import os
import resource
import threading
from collections import Counter
from typing import TYPE_CHECKING, Self

from bench.bench_pipeline import batch_seconds, shard_seconds
from bench.memory import command, tree
from bench.processor_time import Reading, ticks
from bench.report import Row

if TYPE_CHECKING:
    from bench.stage import Stage

SAMPLE_SECONDS = 0.1
MILLISECONDS = 1000 / os.sysconf("SC_CLK_TCK")
# The first whose words a command line holds counts.
PROGRAMS = {
    "encoders": ("imagebatch_processor.codec_child",),
    "shards without their encoders": ("imagebatch_processor",),
    "SeaweedFS": ("weed",),
    "API": ("imagebatch_api",),
    "operator, PostgreSQL": ("operator_process", "postgres"),
    "image server": ("bench.picture_server",),
    "client": ("bench.",),
}


class Samples:
    """Samples the processor time of every process of this program's tree while the block runs; the last one counts.

    What a process uses between its last sample and its end is missed.
    """

    def __init__(self) -> None:
        self._before: dict[int, int] = {}
        self._last: dict[int, tuple[str, int]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._before = {pid: ticks(pid) for pid in tree(os.getpid())}
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def by_program(self) -> Counter[str]:
        """Return clock ticks of each program."""
        sums: Counter[str] = Counter()
        for pid, (name, used) in self._last.items():
            sums[name] += used - self._before.get(pid, 0)
        return sums

    def _run(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self._look()

    def _look(self) -> None:
        for pid in tree(os.getpid()):
            name, used = program_of(command(pid)), ticks(pid)
            if name is not None and used:
                self._last[pid] = name, used


def program_of(words: str) -> str | None:
    return next((name for name, marks in PROGRAMS.items() if any(mark in words for mark in marks)), None)


def run(stage: Stage, images: int) -> list[Row]:
    """Return the milliseconds of an image in each program, over a batch of its own, and of a shard's start."""
    before = Reading.now()
    with Samples() as samples:
        batch_seconds(stage, stage.urls("profile", images))
    after = Reading.now()
    idle = (after.all - after.used) - (before.all - before.used)
    parts = [*samples.by_program().most_common(), ("idle", idle)]
    rows = [Row(f"of an image: {name}", MILLISECONDS * used / images, "ms") for name, used in parts]
    return [*rows, Row("of a start of a shard with one encoder", _start(stage), "ms")]


def _start(stage: Stage) -> float:
    """Return the processor time of a shard of one image, its encoder's included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    shard_seconds(stage, stage.urls("profile-one", 1), {"IMAGEBATCH_SHARD_WORKERS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
