"""Real shards that are killed with all their children while they fetch: by a picture again and again, or by chance."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.batch_scene import Scene, make_scene
from support.image_server import ImageServer
from support.loopback_server import Reply, Request
from support.pictures import jpeg
from support.process_tree import kill_tree, shard_at
from support.shard_process import shard_environment, shard_process
from support.waiting import eventually

from imagebatch.model import names
from imagebatch.model.results import Outcome, part_from_bytes, results_from_bytes
from imagebatch.settings import StoreSettings
from imagebatch.store import S3BlobStore
from imagebatch_processor.run import ExitCode

END_SECONDS = 60.0
KILLED = -9
COUNT = 12
PICTURE = jpeg(64, 48)


class Attempts:
    """A shard of COUNT images, tried until it is done; pictures may kill it when they are asked for."""

    def __init__(self, settings: StoreSettings, source: ImageServer, log: Path) -> None:
        self.settings = settings
        self.source = source
        self.log = log
        self.urls = [source.add(f"/{number}.jpg", PICTURE) for number in range(COUNT)]
        self.scene: Scene = make_scene(S3BlobStore(settings), [self.urls])
        self.count = 0

    def kill_at(self, number: int, attempt: int | None = None) -> None:
        """Have every attempt that asks for a picture killed, or only the one of this number, from 1."""

        def answer(request: Request) -> Reply:
            if attempt in (None, self.count) and (shard := shard_at(request.client_port)):
                kill_tree(shard)
            return Reply(PICTURE, "image/jpeg")

        self.source.routes[f"/{number}.jpg"] = answer

    def run(self) -> int:
        environment = shard_environment(self.settings, self.scene.request_id, allow=self.source.allow)
        with shard_process(environment, self.log) as shard:
            self.count += 1
            return shard.wait(END_SECONDS)

    def run_until_done(self) -> list[int]:
        codes = [self.run()]
        while codes[-1] == KILLED:
            assert len(codes) < 2 * COUNT
            codes.append(self.run())
        return codes

    def finished(self) -> list[Outcome]:
        listed = self.scene.store.list(names.parts_prefix(self.scene.request_id, 0))
        return [each for info in listed for each in part_from_bytes(self.scene.store.get(info.key)).outcomes]

    def failed(self) -> dict[int, str | None]:
        found = results_from_bytes(self.scene.store.get(names.shard_results_key(self.scene.request_id, 0)))
        assert [outcome.index for outcome in found] == list(range(COUNT))
        for outcome in found:
            if outcome.name:
                assert self.scene.store.head(names.image_key(self.scene.request_id, outcome.name)) is not None
        return {outcome.index: outcome.code for outcome in found if not outcome.succeeded}


@pytest.fixture
def source() -> Iterator[ImageServer]:
    with ImageServer() as server:
        yield server


@pytest.fixture
def attempts(bucket_settings: StoreSettings, source: ImageServer, tmp_path: Path) -> Attempts:
    return Attempts(bucket_settings, source, tmp_path / "log")


@pytest.mark.parametrize("killers", [(5,), (3, 8)])
def test_shard_with_pictures_that_kill_it_names_each_after_two_careful_attempts(
    attempts: Attempts, killers: tuple[int, ...]
):
    for killer in killers:
        attempts.kill_at(killer)
    codes = attempts.run_until_done()
    assert codes == [KILLED] * (2 * len(killers) + 1) + [ExitCode.DONE]
    assert attempts.failed() == dict.fromkeys(killers, "out_of_memory")


def test_shard_killed_by_chance_in_two_careful_attempts_convicts_no_one(attempts: Attempts):
    for attempt, number in enumerate((0, 4, 9), 1):
        attempts.kill_at(number, attempt)
    assert attempts.run_until_done() == [KILLED] * 3 + [ExitCode.DONE]
    assert attempts.failed() == {}


def test_shard_killed_late_fetches_nothing_again_that_was_flushed(attempts: Attempts, source: ImageServer):
    source.routes["/11.jpg"] = [Reply(PICTURE, "image/jpeg", delay_seconds=600), PICTURE]
    environment = shard_environment(attempts.settings, attempts.scene.request_id, allow=source.allow)
    with shard_process(environment, attempts.log) as shard:
        eventually(lambda: len(attempts.finished()) == COUNT - 1, END_SECONDS)
        kill_tree(shard.pid)
    assert attempts.run() == ExitCode.DONE
    assert attempts.failed() == {}
    assert {path for path, times in source.counts.items() if times > 1} == {"/11.jpg"}
