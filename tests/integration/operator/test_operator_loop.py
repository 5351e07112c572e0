"""The whole loop on real services, with Jobs that a test moves: accepted batch in, signed webhook out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fakes.memory_jobs import MemoryJobs
from standardwebhooks import Webhook
from support.batch_scene import REQUEST_ID, Scene, make_scene
from support.waiting import eventually
from support.webhook_receiver import WebhookReceiver

from imagebatch.clock import SystemClock
from imagebatch.database.postgres import PostgresDatabase
from imagebatch.database.row_registry import RowRegistry
from imagebatch.model.batch import BatchSpec, Reason
from imagebatch.net.addresses import parse_rules
from imagebatch.net.http import GuardedHttp
from imagebatch.settings import DatabaseSettings, LinkSettings, OperatorSettings, StoreSettings, WebhookSettings
from imagebatch.store import S3BlobStore
from imagebatch_operator.loop import OperatorLoop, OperatorPorts

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def jobs() -> MemoryJobs:
    return MemoryJobs()


@pytest.fixture
def scene(store: S3BlobStore, webhook_receiver: WebhookReceiver) -> Scene:
    return make_scene(store, [["http://a/0"], ["http://a/1"]], spec=BatchSpec(webhook_url=webhook_receiver.address))


@pytest.fixture
def schedule() -> str:
    """The waits before a webhook's tries; a test may parametrize it."""
    return WebhookSettings().webhook_schedule_seconds


@pytest.fixture
def loop(
    database: PostgresDatabase,
    store: S3BlobStore,
    jobs: MemoryJobs,
    migrated_database_url: str,
    bucket_settings: StoreSettings,
    tmp_path: Path,
    webhook_receiver: WebhookReceiver,
    schedule: str,
) -> Iterator[OperatorLoop]:
    """A running loop; it stops before its receiver does."""
    (tmp_path / "default").write_text(SECRET)
    clock, stop = SystemClock(), threading.Event()
    made = OperatorLoop(
        OperatorPorts(
            batches=database.batches,
            deliveries=database.deliveries,
            archive=database.archive,
            store=store,
            registry=RowRegistry(database.batches, clock),
            jobs=jobs,
            http=GuardedHttp(parse_rules("127.0.0.1/32:*"), clock=clock, user_agent="ImageBatch/test"),
            clock=clock,
        ),
        OperatorSettings(
            store=bucket_settings,
            database=DatabaseSettings(migrated_database_url),
            links=LinkSettings(link_secret="s3cret"),
            webhooks=WebhookSettings(webhook_keys_dir=str(tmp_path), webhook_schedule_seconds=schedule),
        ),
    )
    thread = threading.Thread(target=made.run, args=(stop,))
    thread.start()
    yield made
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def test_loop_with_an_accepted_batch_takes_it_to_its_webhook(
    loop: OperatorLoop, scene: Scene, database: PostgresDatabase, jobs: MemoryJobs, webhook_receiver: WebhookReceiver
) -> None:
    database.batches.accept(scene.new_batch(SystemClock().now()), scene.product_rows())
    eventually(lambda: jobs.view(REQUEST_ID), what="the Job")
    scene.finish_all()
    jobs.set(REQUEST_ID, succeeded=1)
    eventually(lambda: database.batches.get(REQUEST_ID).verdict.reason is Reason.ALL_SUCCEEDED, what="the end")
    posted = eventually(lambda: webhook_receiver.deliveries, what="the webhook")[0]
    body = Webhook(SECRET).verify(posted.body, dict(posted.headers))
    assert (body["request_id"], body["status"]) == (REQUEST_ID, "Completed")
    eventually(lambda: jobs.calls == ["create", "delete"], what="the Job's deletion")
    eventually(lambda: [each.http_status for each in database.deliveries.attempts(REQUEST_ID)] == [204])


@pytest.mark.parametrize("schedule", ["3600,5"])
def test_loop_with_a_wait_before_the_first_try_puts_the_webhook_off(
    loop: OperatorLoop, scene: Scene, database: PostgresDatabase, jobs: MemoryJobs, webhook_receiver: WebhookReceiver
) -> None:
    database.batches.accept(scene.new_batch(SystemClock().now()), scene.product_rows())
    eventually(lambda: jobs.view(REQUEST_ID), what="the Job")
    scene.finish_all()
    jobs.set(REQUEST_ID, succeeded=1)
    state = eventually(lambda: database.deliveries.state(REQUEST_ID), what="the webhook")
    waits = state.due_at - database.batches.get(REQUEST_ID).finished_at
    assert timedelta(hours=1) <= waits <= timedelta(hours=1.2)
    assert webhook_receiver.deliveries == []


def test_loop_after_a_cancel_ends_the_batch_once_its_workers_are_gone(
    loop: OperatorLoop, scene: Scene, database: PostgresDatabase, jobs: MemoryJobs
) -> None:
    database.batches.accept(scene.new_batch(SystemClock().now()), scene.product_rows())
    eventually(lambda: jobs.view(REQUEST_ID), what="the Job")
    jobs.set(REQUEST_ID, active=1)
    database.batches.record_cancel(REQUEST_ID)
    eventually(lambda: "suspend" in jobs.calls, what="the stop")
    assert not database.batches.get(REQUEST_ID).status.is_final
    jobs.set(REQUEST_ID)
    loop.wake(REQUEST_ID)
    eventually(lambda: database.batches.get(REQUEST_ID).verdict.reason is Reason.CANCELLED, what="the end")
