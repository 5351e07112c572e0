"""Images a second: the whole service, one shard, its contenders and the codec alone, in turns in one run."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING

from bench.following import follow
from bench.memory import TreeSampler
from bench.photographs import photographs
from bench.processor_time import Reading
from bench.stage import Stage, environment
from support.batch_scene import make_scene
from support.service import Service, csv_of

from imagebatch.model import names
from imagebatch.model.batch import BatchSpec, OutputOptions
from imagebatch.store import S3BlobStore
from imagebatch_processor.codec_pool import CodecPool, available_cpus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.contenders.field import Contender

SHARD_SECONDS = 1800.0
LOOK_SECONDS = 0.3  # a look costs the service 5 ms: more of them would be part of what is measured
URLS_PER_ROW = 4
SLOW_MILLISECONDS = 100  # what shops and their networks take to answer
BATCH, SHARD, STARTED_SHARD, CODEC = "whole batch", "one shard", "one shard without its start", "codec alone"
SLOW_SHARD = f"the same, sources of {SLOW_MILLISECONDS} ms"


@dataclass(frozen=True)
class Round:
    """Images a second of everybody, one after the other; `shard_start_seconds` is a shard of one image.

    `others_percent` of the processor time went to other programs meanwhile.
    """

    speeds: dict[str, float]
    shard_start_seconds: float
    shard_mib: float
    others_percent: float


def rounds(stage: Stage, contenders: Sequence[Contender], images: int, count: int) -> list[Round]:
    """Measure `count` rounds of `images` images each, after a first small one that is not counted."""
    warm_up = max(2, min(images, 40))
    one_round(stage, contenders, warm_up, "warm-up")
    measured = []
    for number in range(count):
        measured.append(one_round(stage, contenders, images, f"round{number}"))
        print(f"pipeline: {asdict(measured[-1])}", file=sys.stderr)
    return measured


def middle(measured: Sequence[Round], over: str, under: str) -> float:
    """Return the median over the rounds of one's speed over another's in the same round."""
    return median(each.speeds[over] / each.speeds[under] for each in measured)


def one_round(stage: Stage, contenders: Sequence[Contender], images: int, name: str) -> Round:
    """Let everybody work once; where the start is not counted, half of the images will do."""
    before, few = Reading.now(), (images + 1) // 2
    speeds = {BATCH: images / batch_seconds(stage, stage.urls(f"{name}-batch", images))}
    for number, contender in enumerate(contenders):
        speeds[contender.name] = contender.images_per_second(stage, stage.urls(f"{name}-{number}", few))
    start, _ = shard_seconds(stage, stage.urls(f"{name}-one", 1))
    shard, mib = shard_seconds(stage, stage.urls(f"{name}-shard", images))
    slow, _ = shard_seconds(stage, stage.urls(f"{name}-slow", few, SLOW_MILLISECONDS))
    speeds[SHARD] = images / shard
    speeds[STARTED_SHARD] = (images - 1) / (shard - start)
    speeds[SLOW_SHARD] = (few - 1) / (slow - start)
    speeds[CODEC] = few / codec_seconds(few)
    return Round(speeds, start, mib, Reading.now().others_percent_since(before))


def batch_seconds(stage: Stage, urls: list[str]) -> float:
    """Return the time from the upload to Completed, as a client sees it."""
    rows = [urls[n : n + URLS_PER_ROW] for n in range(0, len(urls), URLS_PER_ROW)]
    with Service(stage.installation.api_url) as service:
        started = time.perf_counter()
        follow(service, service.upload(csv_of(rows)), LOOK_SECONDS)
        return time.perf_counter() - started


def shard_seconds(stage: Stage, urls: list[str], more: Mapping[str, str] = MappingProxyType({})) -> tuple[float, float]:
    """Return the time of a processor on one shard with all cores, from its start to its exit, and its MiB.

    `more` is added to its environment.
    """
    request_id = str(uuid.uuid4())
    store = S3BlobStore(stage.store)
    make_scene(store, [[url] for url in urls], spec=BatchSpec(images_per_shard=len(urls)), request_id=request_id)
    environ = environment(stage.store, {"REQUEST_ID": request_id, "JOB_COMPLETION_INDEX": "0", **more})
    log = stage.installation.logs / "bench-shard.log"
    started = time.perf_counter()
    with log.open("ab") as output:
        shard = subprocess.Popen(
            [sys.executable, "-m", "imagebatch_processor"], env=environ, stdout=output, stderr=subprocess.STDOUT
        )
        with TreeSampler(shard.pid) as sampler:
            code = shard.wait(SHARD_SECONDS)
            seconds = time.perf_counter() - started
    assert code == 0, log.read_text()
    assert store.get(names.shard_results_key(request_id, 0)).count(b'"name"') >= len(urls)
    return seconds, sampler.largest_mib


def codec_seconds(images: int) -> float:
    """Return the time of the codec's children alone, one for each core, over pictures in memory."""
    pictures, options, cores = photographs(), OutputOptions(), available_cpus()
    with CodecPool(cores) as pool, ThreadPoolExecutor(2 * cores) as threads:
        list(threads.map(lambda picture: pool.compress(picture, options), pictures))
        started = time.perf_counter()
        for _ in threads.map(lambda picture: pool.compress(picture, options), islice(cycle(pictures), images)):
            pass
        return time.perf_counter() - started
