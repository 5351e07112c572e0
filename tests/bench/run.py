"""`make bench`: every measurement in one run on one machine, printed beside its goal. Nothing here asserts a speed."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench import bench_codec, bench_imports, bench_pipeline, bench_profile, bench_service
from bench.bench_pipeline import BATCH, CODEC, SHARD, SLOW_SHARD, STARTED_SHARD
from bench.contenders.field import Contender, field_of
from bench.memory import find_child, peak_mib
from bench.photographs import photographs
from bench.processor_time import Reading
from bench.report import Absent, Goal, Row, machine, table
from bench.stage import TESTS, stage
from support.open_folder import open_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.bench_pipeline import Round

URLS_PER_ROW = 3


@dataclass(frozen=True)
class Size:
    """How much is measured: images of a round, rounds, rows of the large CSV, repetitions of what is short."""

    images: int = 1200
    rounds: int = 5
    rows: int = 50_000
    repetitions: int = 9
    codec_rounds: int = bench_codec.ROUNDS


QUICK = Size(images=8, rounds=1, rows=40, repetitions=1, codec_rounds=1)


def measure(size: Size) -> tuple[list[Row | Absent], dict[str, str]]:
    """Return every row, and the tables of the codecs by title."""
    pipeline, codecs = _pipeline(size), bench_codec.run(size.codec_rounds)
    return [*pipeline, *codecs.rows, *_bulk(size)], codecs.tables


def _pipeline(size: Size) -> list[Row | Absent]:
    with stage() as running, open_folder() as folder, field_of(folder) as field:
        present = [each for each in field if isinstance(each, Contender)]
        rounds = bench_pipeline.rounds(running, present, size.images, size.rounds)
        profile = bench_profile.run(running, size.images)
        one_image = bench_service.one_image(running, size.repetitions)
        api, operator = (
            peak_mib(find_child(program, os.getpid())) for program in ("imagebatch_api", "operator_process")
        )
    imports = bench_imports.run(size.repetitions)
    return [
        *_speeds(rounds, field),
        *profile,
        Row("one small image, request to Completed", one_image, "s", Goal.most(1, "s")),
        Row("a shard's imports over bare Python", imports, "ms", Goal.most(300, "ms")),
        Row("peak memory of the API, these batches", api, "MiB"),
        Row("peak memory of the operator half, these batches", operator, "MiB"),
        Row("peak memory of a shard with its encoders (sum of RSS)", max(r.shard_mib for r in rounds), "MiB"),
    ]


def _speeds(rounds: Sequence[Round], field: Sequence[Contender | Absent]) -> list[Row | Absent]:
    def speed(name: str) -> Row:
        return Row(name, median(each.speeds[name] for each in rounds), "images/s")

    def ratio(over: str, under: str, goal: Goal) -> Row:
        return Row(f"{over} ÷ {under}", bench_pipeline.middle(rounds, over, under), "", goal)

    start = Row("start and end of a shard (one image)", median(each.shard_start_seconds for each in rounds), "s")
    to_codec = Goal.least(0.60, stretch=0.75)
    present = [each for each in field if isinstance(each, Contender)]
    return [
        *(speed(name) for name in (BATCH, SHARD, STARTED_SHARD, SLOW_SHARD, CODEC)),
        start,
        *(speed(each.name) if isinstance(each, Contender) else each for each in field),
        *(ratio(over, CODEC, to_codec) for over in (BATCH, SHARD, STARTED_SHARD)),
        *(ratio(over, each.name, each.goal) for each in present for over in (BATCH, SHARD)),
    ]


def _bulk(size: Size) -> list[Row]:
    upload = bench_service.upload(size.rows, min(3, size.repetitions))
    settle = _settle(size.rows)
    urls = size.rows * URLS_PER_ROW
    return [
        Row(f"upload to request id, {size.rows:,} rows, {urls:,} URLs", upload.seconds, "s", Goal.most(2, "s")),
        Row("the first one after a start", upload.first_seconds, "s"),
        Row("peak memory of the API while it accepts them", upload.peak_mib, "MiB"),
        Row("the same before the first one", upload.idle_mib, "MiB"),
        Row(f"settle, {urls:,} results", settle["seconds"], "s", Goal.most(15, "s")),
        Row("peak memory of the operator half while it settles them", settle["peak_mib"], "MiB"),
        Row("the same before it settles", settle["before_mib"], "MiB"),
    ]


def _settle(rows: int) -> dict[str, float]:
    """Settle in a program of its own: what this one has imported would count as memory of its children's, too."""
    program = f"import json; from bench import bench_settle; print(json.dumps(bench_settle.run({rows})))"
    done = subprocess.run([sys.executable, "-c", program], cwd=TESTS, stdout=subprocess.PIPE, text=True, check=True)
    text, found = done.stdout.splitlines()
    print(text)
    return dict(json.loads(found))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print the table, write the JSON file if one is asked for."""
    options = _options(arguments)
    size = QUICK if options.quick else Size(options.images, options.rounds)
    about, before = machine(), Reading.now()
    with redirect_stdout(sys.stderr):
        rows, tables = measure(size)
    about["other programs"] = f"took {Reading.now().others_percent_since(before):.1f} % of the processor time"
    for name, value in about.items():
        print(f"{name}: {value}")
    pictures = [len(picture) / 1000 for picture in photographs()]
    print(f"pictures: 1632 × 1224 JPEG, {min(pictures):.0f}-{max(pictures):.0f} kB; {size.rounds} × {size.images}\n")
    print(table(rows))
    for title, text in tables.items():
        print(f"\n{title}\n\n{text}")
    if options.json:
        found = {"machine": about, "size": vars(size), "rows": [row.to_json() for row in rows], "tables": tables}
        options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few of everything: shows that it runs, not how fast")
    parser.add_argument("--images", type=int, default=Size.images, help="images of a round (%(default)s)")
    parser.add_argument("--rounds", type=int, default=Size.rounds, help="rounds, of which medians (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE as well")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
