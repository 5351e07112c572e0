"""Housekeeping on a real Postgres and a real S3: retention, strays, the marker, two at once, a webhook in flight."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_deliveries import Said
from fakes.memory_jobs import MemoryRegistry
from support.batch_scene import REQUEST_ID, Scene, make_scene

from imagebatch.clock import SystemClock
from imagebatch.database.postgres import PostgresDatabase
from imagebatch.metrics import Metrics
from imagebatch.model import names
from imagebatch.model.batch import BatchSpec
from imagebatch.model.errors import Unavailable
from imagebatch.ports import Deleted
from imagebatch.settings import OperatorSettings, StoreSettings
from imagebatch.store import S3BlobStore
from imagebatch_operator.housekeeping import Housekeeper
from imagebatch_operator.lifecycle import Stop
from imagebatch_operator.settle import Settler
from imagebatch_operator.webhooks import make_deliverer

STRAY = "0198c0de-0000-7000-8000-0000000000ff"
OWNERS = frozenset({"tester"})
RUN = threading.Event()  # never set


@pytest.fixture
def scene(store: S3BlobStore, database: PostgresDatabase) -> Scene:
    made = make_scene(store, [[f"http://a/{n}"] for n in range(30)], spec=BatchSpec(webhook_url="https://h.example/"))
    database.batches.accept(made.new_batch(SystemClock().now()), made.product_rows())
    made.finish_all()
    return made


@pytest.fixture
def ended(scene: Scene, settler: Settler) -> Scene:
    settler.settle(REQUEST_ID, Stop())
    return scene


def keeper_in(days: float, database: PostgresDatabase, store: S3BlobStore, settings: OperatorSettings) -> Housekeeper:
    """A housekeeper whose day it is so many days from now."""
    clock = ManualClock(SystemClock().now() + timedelta(days=days))
    return Housekeeper(
        batches=database.batches,
        archive=database.archive,
        store=store,
        registry=MemoryRegistry(),
        settings=settings,
        clock=clock,
        metrics=Metrics(),
    )


def requests(store: S3BlobStore) -> list[str]:
    return [folder.removeprefix("requests/") for folder in store.folders("requests/")]


@pytest.mark.parametrize(("days", "left"), [(29, 1), (31, 0)])
def test_run_after_the_retention_removes_objects_and_row(
    ended: Scene,
    database: PostgresDatabase,
    store: S3BlobStore,
    operator_settings: OperatorSettings,
    days: float,
    left: int,
) -> None:
    keeper_in(days, database, store, operator_settings).run(RUN)
    assert len(requests(store)) == len(database.archive.known([REQUEST_ID])) == left


def test_run_never_removes_a_request_that_has_not_ended(
    scene: Scene, database: PostgresDatabase, store: S3BlobStore, operator_settings: OperatorSettings
) -> None:
    keeper_in(1_000, database, store, operator_settings).run(RUN)
    assert requests(store) == [f"{REQUEST_ID}/"]
    assert database.batches.unfinished() == [REQUEST_ID]


@pytest.mark.parametrize(("days", "left"), [(0, 2), (0.9, 2), (1.1, 1)])
def test_run_removes_strays_of_a_day_and_no_younger_ones(
    scene: Scene,
    database: PostgresDatabase,
    store: S3BlobStore,
    operator_settings: OperatorSettings,
    days: float,
    left: int,
) -> None:
    make_scene(store, [["http://a/0"]], request_id=STRAY)
    keeper_in(days, database, store, operator_settings).run(RUN)
    assert len(requests(store)) == left
    assert f"{REQUEST_ID}/" in requests(store)


def test_run_with_the_database_of_another_installation_removes_nothing(
    ended: Scene, database: PostgresDatabase, store: S3BlobStore, operator_settings: OperatorSettings
) -> None:
    store.put(names.INSTALLATION_KEY, b"0198c0de-0000-4000-8000-00000000000a", "text/plain")
    make_scene(store, [["http://a/0"]], request_id=STRAY)
    database.archive.mark_deleted(REQUEST_ID, OWNERS, SystemClock().now())
    before = [info.key for info in store.list("")]
    keeper_in(100, database, store, operator_settings).run(RUN)
    assert [info.key for info in store.list("")] == before
    assert database.archive.deleted() == [Deleted(REQUEST_ID, has_retry=False)]


def test_run_by_two_at_once_removes_everything_once(
    ended: Scene, database: PostgresDatabase, store: S3BlobStore, operator_settings: OperatorSettings
) -> None:
    strays = [f"0198c0de-0000-7000-8000-{n:012d}" for n in range(100, 110)]
    for stray in strays:
        make_scene(store, [["http://a/0"]], request_id=stray)
    together = threading.Barrier(2)

    def run(_: int) -> float:
        metrics = Metrics()
        keeper = keeper_in(31, database, store, operator_settings)
        keeper._metrics = metrics
        together.wait(10)
        keeper.run(RUN)
        sample = metrics.registry.get_sample_value
        return sample("imagebatch_housekeeping_removed_total", {"what": "request"}) or 0

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(run, range(2))) == 1
    assert requests(store) == []


def test_run_while_the_store_is_away_says_so_and_removes_no_row(
    ended: Scene, database: PostgresDatabase, bucket_settings: StoreSettings, operator_settings: OperatorSettings
) -> None:
    away = S3BlobStore(replace(bucket_settings, s3_endpoint="http://127.0.0.1:1"))
    database.archive.mark_deleted(REQUEST_ID, OWNERS, SystemClock().now())
    with pytest.raises(Unavailable):
        keeper_in(0, database, away, operator_settings).run(RUN)
    assert database.archive.known([REQUEST_ID])


def test_webhook_of_a_deleted_request_is_not_sent(
    ended: Scene, database: PostgresDatabase, operator_settings: OperatorSettings
) -> None:
    database.archive.mark_deleted(REQUEST_ID, OWNERS, SystemClock().now())
    assert database.deliveries.claim(SystemClock().now() + timedelta(days=1), 60) is None
    assert database.deliveries.next_due() is None


def test_webhook_in_flight_when_its_request_is_removed_troubles_nobody(
    ended: Scene, database: PostgresDatabase, store: S3BlobStore, operator_settings: OperatorSettings
) -> None:
    class Removing:
        """A receiver that answers once the request is gone."""

        def post(self, url: str, body: bytes, headers: object, timeout_seconds: float) -> Said:
            database.archive.mark_deleted(REQUEST_ID, OWNERS, SystemClock().now())
            keeper_in(0, database, store, operator_settings).run(RUN)
            return Said(500)

    deliverer = make_deliverer(
        operator_settings.webhooks,
        deliveries=database.deliveries,
        http=Removing(),
        clock=SystemClock(),
        metrics=Metrics(),
    )
    assert deliverer.deliver_next()
    assert database.archive.known([REQUEST_ID]) == frozenset()
    assert not deliverer.deliver_next()
