"""Uploads that are cut: by a kill between objects and commit, by a stop, by the client. None is half-accepted."""

from __future__ import annotations

import http.client
import json
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import pytest
from support.api_process import ApiProcess
from support.waiting import eventually

from imagebatch.model.names import REQUESTS_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagebatch.database.postgres import PostgresDatabase
    from imagebatch.store import S3BlobStore

CSV = b"S. No.,Product Name,Input Image Urls\n1,Lamp,https://a.example/1.jpg\n"
OBJECTS = 3  # input.csv, images.jsonl, plan.json


def upload(api: ApiProcess) -> str:
    status, _, body = api.ask("POST", "/upload", CSV, Content_Type="text/csv")
    assert status == 200, body
    return str(json.loads(body)["request_id"])


@contextmanager
def no_commit_yet(url: str) -> Iterator[None]:
    """Hold every upload between its objects and its commit."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE products IN ACCESS EXCLUSIVE MODE")
        yield


def stored(store: S3BlobStore) -> list[str]:
    return [blob.key for blob in store.list(REQUESTS_PREFIX)]


def open_files(api: ApiProcess) -> list[str]:
    """Return what temporary files the service holds."""
    links = Path(f"/proc/{api.child.pid}/fd").iterdir()
    return [target for link in links if "(deleted)" in (target := str(link.readlink()))]


def test_api_when_killed_between_objects_and_commit_has_no_request_and_a_retry_makes_one(
    api: ApiProcess, store: S3BlobStore, database: PostgresDatabase, migrated_database_url: str
) -> None:
    with ThreadPoolExecutor(1) as client, no_commit_yet(migrated_database_url):
        cut = client.submit(upload, api)
        eventually(lambda: len(stored(store)) == OBJECTS)
        api.child.kill()
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            cut.result(30)
    eventually(lambda: api.child.poll() is not None)
    assert database.batches.unfinished() == []
    with api:
        request_id = upload(api)
    assert database.batches.unfinished() == [request_id]
    assert len(stored(store)) == 2 * OBJECTS  # those of the first are strays


def test_api_when_told_to_stop_before_the_commit_commits_and_answers(
    api: ApiProcess, store: S3BlobStore, database: PostgresDatabase, migrated_database_url: str
) -> None:
    with ThreadPoolExecutor(1) as client:
        with no_commit_yet(migrated_database_url):
            under_way = client.submit(upload, api)
            eventually(lambda: len(stored(store)) == OBJECTS)
            api.child.send_signal(signal.SIGTERM)
        request_id = under_way.result(30)
    assert api.child.wait(30) == 0
    assert database.batches.unfinished() == [request_id]


def test_uploads_when_twenty_come_at_once_are_twenty_requests(
    api: ApiProcess, store: S3BlobStore, database: PostgresDatabase
) -> None:
    with ThreadPoolExecutor(20) as clients:
        accepted = set(clients.map(lambda _: upload(api), range(20)))
    assert set(database.batches.unfinished()) == accepted
    assert len(stored(store)) == 20 * OBJECTS


@pytest.mark.parametrize("content_type", ["text/csv", "multipart/form-data; boundary=b"])
def test_upload_when_the_client_goes_away_leaves_neither_request_nor_file(
    api: ApiProcess, store: S3BlobStore, database: PostgresDatabase, content_type: str
) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="p.csv"\r\n\r\n'
    begun = (head if "form-data" in content_type else b"") + CSV + b"x" * 2 * 1024 * 1024  # over the spool's size
    connection = api.connect()
    connection.putrequest("POST", "/upload")
    connection.putheader("Content-Type", content_type)
    connection.putheader("Content-Length", str(5 * 1024 * 1024))
    connection.endheaders(begun)
    eventually(lambda: open_files(api), what="a temporary file")
    connection.close()
    eventually(lambda: "POST /upload 499" in api.log.read_text())
    eventually(lambda: open_files(api) == [])
    assert (database.batches.unfinished(), stored(store)) == ([], [])
