"""Settle with a real Postgres and a real S3: files, rows, delivery; two at once give one end."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest
from support.batch_scene import REQUEST_ID, Scene, failed, make_scene, succeeded
from support.waiting import eventually

from imagebatch.clock import SystemClock
from imagebatch.database.postgres import PostgresDatabase
from imagebatch.model import names
from imagebatch.model.batch import BatchSpec, Bytes, Counts, Progress, Reason
from imagebatch.store import S3BlobStore
from imagebatch_operator.lifecycle import Stop
from imagebatch_operator.settle import Settler

URLS = [["http://a/0", "http://a/1"], ["http://a/2", "http://a/0"], ["http://a/3"]]


@pytest.fixture
def scene(store: S3BlobStore, database: PostgresDatabase) -> Scene:
    """Four images in two shards, the first used twice."""
    spec = BatchSpec(images_per_shard=2, webhook_url="https://hook.example/in")
    made = make_scene(store, URLS, spec=spec)
    database.batches.accept(made.new_batch(SystemClock().now()), made.product_rows())
    return made


def rows(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
    finally:
        connection.close()


def test_settle_on_real_services_writes_files_rows_and_the_delivery(
    settler: Settler, scene: Scene, database: PostgresDatabase, migrated_database_url: str
) -> None:
    scene.finish_shard(0, [succeeded(scene.images[0]), failed(scene.images[1])])
    scene.finish_shard(1)
    assert settler.settle(REQUEST_ID, Stop())
    batch = database.batches.get(REQUEST_ID)
    assert (batch.verdict.reason, batch.has_result) == (Reason.PARTIALLY_SUCCEEDED, True)
    assert batch.progress == Progress(Counts(5, 4, 1), Bytes(3_000, 1_200))
    made = rows(migrated_database_url, "SELECT output_image_urls FROM products ORDER BY row_number")
    lines = scene.result(names.OUTPUT_CSV).decode().splitlines()[1:]
    for (urls,), line in zip(made, lines, strict=True):
        assert str(urls) in line
    delivery = database.deliveries.claim(SystemClock().now(), 60)
    assert delivery is not None
    assert json.loads(delivery.body)["counts"] == {"total": 5, "pending": 0, "succeeded": 4, "failed": 1}


def test_settle_without_a_shards_results_fills_its_slots(
    settler: Settler, scene: Scene, migrated_database_url: str
) -> None:
    scene.finish_shard(0)
    scene.write_part(1, [succeeded(scene.images[2])])
    settler.settle(REQUEST_ID, Stop(cancelled=True))
    query = "SELECT row_number, position, code FROM images ORDER BY row_number, position"
    assert rows(migrated_database_url, query) == [
        (0, 0, None),
        (0, 1, None),
        (1, 0, None),
        (1, 1, None),
        (2, 0, "cancelled"),
    ]


def test_settle_by_two_at_once_ends_the_batch_once(
    settler: Settler, scene: Scene, database: PostgresDatabase, migrated_database_url: str
) -> None:
    scene.finish_all()
    together = threading.Barrier(2)

    def settle(_: int) -> bool:
        together.wait(10)
        return settler.settle(REQUEST_ID, Stop())

    with ThreadPoolExecutor(2) as pool:
        assert any(pool.map(settle, range(2)))
    assert database.batches.get(REQUEST_ID).verdict.reason is Reason.ALL_SUCCEEDED
    counted = "SELECT (SELECT count(*) FROM images), (SELECT count(*) FROM webhook_deliveries)"
    assert rows(migrated_database_url, counted) == [(5, 1)]


def test_settle_while_another_process_holds_the_batch_leaves_it(
    settler: Settler, scene: Scene, database: PostgresDatabase
) -> None:
    scene.finish_all()
    with database.batches.settling(REQUEST_ID) as mine:
        assert mine
        assert not settler.settle(REQUEST_ID, Stop())
        assert not database.batches.get(REQUEST_ID).status.is_final
    eventually(lambda: settler.settle(REQUEST_ID, Stop()))
    assert database.batches.get(REQUEST_ID).status.is_final
