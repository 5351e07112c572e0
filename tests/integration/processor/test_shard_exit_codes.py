"""What a shard's process ends with when it cannot work."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from support.batch_scene import make_scene
from support.loopback_server import LoopbackServer, Reply
from support.shard_process import shard_environment, shard_process

from imagebatch.model import names
from imagebatch.settings import StoreSettings
from imagebatch.store import S3BlobStore
from imagebatch_processor.run import ExitCode, run

if TYPE_CHECKING:
    from pathlib import Path

END_SECONDS = 60.0


def test_process_when_its_plan_cannot_be_read_ends_with_never(bucket_settings: StoreSettings, tmp_path: Path):
    scene = make_scene(S3BlobStore(bucket_settings), [["https://a.example/1.jpg"]])
    scene.store.put(names.plan_key(scene.request_id), b"{}", "application/json")
    with shard_process(shard_environment(bucket_settings, scene.request_id), tmp_path / "log") as shard:
        assert shard.wait(END_SECONDS) == ExitCode.NEVER == 42


def test_process_when_its_settings_are_missing_ends_with_never(tmp_path: Path):
    with shard_process({}, tmp_path / "log") as shard:
        assert shard.wait(END_SECONDS) == ExitCode.NEVER
    assert "IMAGEBATCH_S3_ENDPOINT" in (tmp_path / "log").read_text()


def test_run_when_the_store_outlasts_its_patience_ends_with_retry(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("imagebatch_processor.run.STORE_PATIENCE_SECONDS", 0.0)
    with LoopbackServer(lambda _: Reply(status=503)) as store:
        settings = StoreSettings(store.url().rstrip("/"), "key", "secret")
        assert run(shard_environment(settings, "none"), threading.Event()) == ExitCode.RETRY == 1
