"""SIGTERM to a real shard: what is being fetched is dropped at once, what is finished is not fetched again."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from support.batch_scene import Scene, make_scene
from support.image_server import ImageServer
from support.loopback_server import LoopbackServer, Reply
from support.pictures import jpeg
from support.shard_process import shard_environment, shard_process
from support.waiting import eventually

from imagebatch.model import names
from imagebatch.model.results import Outcome, Part, part_from_bytes, results_from_bytes
from imagebatch.settings import StoreSettings
from imagebatch.store import S3BlobStore
from imagebatch_processor.run import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START_SECONDS = 60.0
SOON_SECONDS = 8.0  # of the 10 that only images past their fetch may take
LEAVE_SECONDS = 60.0  # it leaves after 13, before it is killed: tests/unit/embedded/test_stop_times.py
QUICK, SLOW = 6, 6
PICTURE = jpeg(64, 48)
NEVER = Reply(PICTURE, "image/jpeg", delay_seconds=600)


@pytest.fixture
def source() -> Iterator[ImageServer]:
    with ImageServer() as server:
        for number in range(QUICK):
            server.add(f"/quick/{number}.jpg", PICTURE)
        for number in range(SLOW):
            server.add(f"/slow/{number}.jpg", NEVER)
        yield server


@pytest.fixture
def scene(bucket_settings: StoreSettings, source: ImageServer) -> Scene:
    return make_scene(S3BlobStore(bucket_settings), [[source.url(path)] for path in source.routes])


def parts(scene: Scene) -> list[Part]:
    listed = scene.store.list(names.parts_prefix(scene.request_id, 0))
    return [part_from_bytes(scene.store.get(info.key)) for info in listed]


def finished(scene: Scene) -> list[Outcome]:
    return [outcome for part in parts(scene) for outcome in part.outcomes]


def test_sigterm_while_a_source_is_slow_drops_the_fetches_and_the_next_run_does_only_the_rest(
    scene: Scene, source: ImageServer, bucket_settings: StoreSettings, tmp_path: Path
):
    environment = shard_environment(bucket_settings, scene.request_id, allow=source.allow)
    with shard_process(environment, tmp_path / "log") as shard:
        eventually(lambda: len(finished(scene)) == QUICK and source.in_flight == SLOW, START_SECONDS)
        shard.send_signal(signal.SIGTERM)
        assert shard.wait(SOON_SECONDS) == ExitCode.STOPPED
    assert parts(scene)[-1].stopped
    assert len(finished(scene)) == QUICK

    source.routes = dict.fromkeys(source.routes, PICTURE)
    with shard_process(environment, tmp_path / "log") as shard:
        assert shard.wait(START_SECONDS) == ExitCode.DONE
    found = results_from_bytes(scene.store.get(names.shard_results_key(scene.request_id, 0)))
    assert [each.index for each in found if each.succeeded] == list(range(QUICK + SLOW))
    assert {count for path, count in source.counts.items() if path.startswith("/quick/")} == {1}


def test_sigterm_while_the_store_is_away_ends_the_shard_as_stopped(tmp_path: Path):
    with LoopbackServer(lambda _: Reply(status=503)) as store:
        settings = StoreSettings(store.url().rstrip("/"), "key", "secret")
        with shard_process(shard_environment(settings, "none"), tmp_path / "log") as shard:
            eventually(lambda: store.requests, START_SECONDS)
            shard.send_signal(signal.SIGTERM)
            assert shard.wait(LEAVE_SECONDS) == ExitCode.STOPPED
