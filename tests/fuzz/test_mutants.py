"""Thousands of mutated files by `make fuzz`, hundreds by `make test`: through a codec pool, and through a shard."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from bench.memory import TreeSampler
from fuzz.campaign import CONTRACT, MEMORY_BYTES, run
from fuzz.mutations import mutant
from fuzz.progress import Progress
from fuzz.report import table
from support.batch_scene import make_scene
from support.image_server import ImageServer
from support.shard_process import shard_environment, shard_process

from imagebatch.model import names
from imagebatch.model.batch import BatchSpec
from imagebatch.model.results import results_from_bytes
from imagebatch.store import S3BlobStore
from imagebatch_processor.policy import MEBIBYTE
from imagebatch_processor.run import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from imagebatch.settings import StoreSettings

FILES = int(os.environ.get("FUZZ_FILES") or 600)
SEED = int(os.environ.get("FUZZ_SEED") or 1)
ONLY = os.environ.get("FUZZ_ONLY")
SHARD_FILES = max(100, FILES // 10)
SHARD_SECONDS = 1_800.0
LOG_LINES = 30


def test_pool_when_files_are_mutated_then_each_comes_out_or_is_refused_by_the_contract() -> None:
    numbers = range(FILES) if not ONLY else range(int(ONLY), int(ONLY) + 1)
    progress = Progress(len(numbers), SEED)
    findings = run(SEED, numbers, progress.tell)
    print(f"\n{table(findings)}\nkept files: {progress.folder}")
    assert not [progress.kept(tried) for tried in findings.problems]
    assert findings.tried == len(numbers)
    assert findings.largest_mib < MEMORY_BYTES / MEBIBYTE


def test_shard_when_files_are_mutated_then_it_ends_well_with_an_outcome_for_each(
    bucket_settings: StoreSettings, tmp_path: Path
) -> None:
    files = [mutant(SEED, number) for number in range(SHARD_FILES)]
    with ImageServer() as source:
        urls = [[source.add(f"/{file.number}", file.data)] for file in files if file.data]
        scene = make_scene(S3BlobStore(bucket_settings), urls, spec=BatchSpec(images_per_shard=len(urls)))
        environment = shard_environment(bucket_settings, scene.request_id, allow=source.allow)
        with shard_process(environment, tmp_path / "log") as shard, TreeSampler(shard.pid) as sampler:
            assert shard.wait(SHARD_SECONDS) == ExitCode.DONE, (tmp_path / "log").read_text()
    outcomes = results_from_bytes(scene.store.get(names.shard_results_key(scene.request_id, 0)))
    print(f"{len(outcomes)} files through a shard; most memory of its tree: {sampler.largest_mib:.0f} MiB")
    assert [outcome.index for outcome in outcomes] == list(range(len(urls)))
    assert {outcome.code for outcome in outcomes if not outcome.succeeded} <= CONTRACT
    assert sum(outcome.succeeded for outcome in outcomes) > len(urls) // 10
    assert sampler.largest_mib < MEMORY_BYTES / MEBIBYTE
    assert len((tmp_path / "log").read_text().splitlines()) < LOG_LINES
