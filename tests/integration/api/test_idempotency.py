"""Twenty clients with one Idempotency-Key at once, over a real database and store; the API killed in between too."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Barrier
from typing import TYPE_CHECKING

import psycopg2
from support.waiting import eventually

from imagebatch.model.names import REQUESTS_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.api_process import ApiProcess

    from imagebatch.database.postgres import PostgresDatabase
    from imagebatch.store import S3BlobStore

CSV = b"S. No.,Product Name,Input Image Urls\n1,Lamp,https://a.example/1.jpg\n"
CLIENTS = 20
OBJECTS = 3
ADVISORY = """
SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND datname = current_database()
"""


def send(api: ApiProcess, key: str = "order-17") -> tuple[int, dict[str, str], dict[str, str]]:
    status, headers, body = api.ask("POST", "/upload", CSV, Content_Type="text/csv", Idempotency_Key=key)
    return status, headers, json.loads(body)


def until_accepted(api: ApiProcess) -> tuple[str, bool]:
    """Send the upload until it is answered 200, as a client does; return its id and whether it was made before."""

    def tried() -> tuple[str, bool] | None:
        try:
            status, headers, body = send(api)
        except (OSError, http.client.HTTPException):
            return None
        assert (status, body.get("code", "")) in ((200, ""), (409, "idempotency_key_in_use"))
        return (body["request_id"], "idempotency-replayed" in headers) if status == 200 else None

    return eventually(tried, 60, "an accepted upload")  # type: ignore[return-value]


@contextmanager
def no_commit_yet(url: str) -> Iterator[None]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE products IN ACCESS EXCLUSIVE MODE")
        yield


def locks_held(url: str) -> int:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(ADVISORY)
        return int(cursor.fetchall()[0][0])


def test_uploads_with_one_key_at_once_are_one_request(
    api: ApiProcess, database: PostgresDatabase, store: S3BlobStore, migrated_database_url: str
) -> None:
    together = Barrier(CLIENTS)

    def client(_: int) -> tuple[str, bool]:
        together.wait(30)
        return until_accepted(api)

    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(clients.map(client, range(CLIENTS)))
    (made,) = database.batches.unfinished()
    assert {request_id for request_id, _ in answers} == {made}
    assert [replayed for _, replayed in answers].count(False) == 1
    assert len(list(store.list(REQUESTS_PREFIX))) == OBJECTS
    assert locks_held(migrated_database_url) == 0


def test_uploads_with_one_key_are_one_request_although_the_api_is_killed(
    api: ApiProcess, database: PostgresDatabase, migrated_database_url: str
) -> None:
    with ThreadPoolExecutor(CLIENTS) as clients:
        with no_commit_yet(migrated_database_url):
            answers = [clients.submit(until_accepted, api) for _ in range(CLIENTS)]
            eventually(lambda: locks_held(migrated_database_url) == 1, what="an upload that holds the key")
            api.child.kill()
            api.child.wait(30)
        assert database.batches.unfinished() == []
        eventually(lambda: locks_held(migrated_database_url) == 0, what="the database letting go of the dead")
        with api:
            ids = {answer.result(60)[0] for answer in answers}
    assert set(database.batches.unfinished()) == ids
    assert len(ids) == 1


def test_upload_when_the_api_is_killed_after_its_commit_is_replayed(
    api: ApiProcess, database: PostgresDatabase
) -> None:
    status, _, made = send(api)
    assert status == 200
    api.child.kill()
    api.child.wait(30)
    with api:
        status, headers, again = send(api)
    assert (status, headers["idempotency-replayed"], again) == (200, "true", made)
    assert database.batches.unfinished() == [made["request_id"]]


def test_upload_cut_by_a_kill_leaves_its_key_free_for_another_file(
    api: ApiProcess, database: PostgresDatabase, migrated_database_url: str
) -> None:
    with ThreadPoolExecutor(1) as client, no_commit_yet(migrated_database_url):
        cut = client.submit(send, api)
        eventually(lambda: locks_held(migrated_database_url) == 1)
        api.child.kill()
        assert isinstance(cut.exception(30), ConnectionError | http.client.HTTPException)
        api.child.wait(30)
    with api:
        other = {"Content_Type": "text/csv", "Idempotency_Key": "order-17"}
        status, headers, _ = api.ask("POST", "/upload?quality=70", CSV, **other)
    assert (status, "idempotency-replayed" in headers) == (200, False)
    assert len(database.batches.unfinished()) == 1
