"""Streams of a real process: changes of the database, clients that go away, a limit, an outage, and the stop."""

from __future__ import annotations

import json
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psycopg2
import pytest
from support.event_stream import Watcher, events_of
from support.sample_batches import RUNNING, end, new_batch, progress
from support.waiting import eventually

from imagebatch_api.watching import STREAMS_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.api_process import ApiProcess

    from imagebatch.database.postgres import PostgresDatabase


@pytest.fixture
def request_id(database: PostgresDatabase) -> str:
    """The id of a new request."""
    new = new_batch("local")
    database.batches.accept(new, [])
    return new.request_id


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_connections=None)
    with httpx.Client(timeout=30, trust_env=False, limits=limits) as opened:
        yield opened


def url(api: ApiProcess) -> str:
    return f"http://127.0.0.1:{api.port}"


def test_stream_tells_what_the_database_learns(
    api: ApiProcess, database: PostgresDatabase, request_id: str, client: httpx.Client
) -> None:
    with client.stream("GET", f"{url(api)}/status/{request_id}/events") as answer:
        assert answer.headers["x-accel-buffering"] == "no"
        told = events_of(answer.iter_lines())
        assert next(told)["status"] == "Pending"
        database.batches.record_progress(request_id, RUNNING, progress(1), datetime.now(UTC))
        assert next(told)["counts"] == {"total": 3, "pending": 2, "succeeded": 1, "failed": 0}
        database.batches.finish(request_id, end(), [])
        assert next(told)["status"] == "Completed"
        assert list(told) == []


def test_process_told_to_stop_ends_its_streams_within_seconds(
    api: ApiProcess, request_id: str, client: httpx.Client
) -> None:
    with ExitStack() as streams:
        path = f"{url(api)}/status/{request_id}/events"
        answers = [streams.enter_context(client.stream("GET", path)) for _ in range(20)]
        told = [answer.iter_lines() for answer in answers]
        assert {next(lines) for lines in told} == {"event: status"}
        began = time.monotonic()
        api.child.send_signal(signal.SIGTERM)
        for lines in told:
            list(lines)  # to an orderly end: a cut connection raises
        assert api.child.wait(30) == 0
        assert time.monotonic() - began < 10
    assert "Traceback" not in api.log.read_text()


def test_process_told_to_stop_waits_no_longer_for_a_client_that_does_not_read(
    api: ApiProcess, migrated_database_url: str, request_id: str
) -> None:
    with socket.socket() as client, closing(psycopg2.connect(migrated_database_url)) as connection:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
        client.connect(("127.0.0.1", api.port))
        client.sendall(f"GET /status/{request_id}/events HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert client.recv(100)
        with connection, connection.cursor() as cursor:  # one event that no buffer between the two can hold
            cursor.execute("UPDATE file_processing SET message = repeat('m', 20000000)")
        eventually(lambda: waiting_to_be_sent(api, client) > 100_000, what="full buffers")
        began = time.monotonic()
        api.child.send_signal(signal.SIGTERM)
        assert api.child.wait(30) == 0
        assert time.monotonic() - began < 10
    assert "Traceback" not in api.log.read_text()


def waiting_to_be_sent(api: ApiProcess, client: socket.socket) -> int:
    """Return the bytes that the kernel holds for a client that does not take them."""
    ends = [f":{port:04X}" for port in (api.port, client.getsockname()[1])]
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    found = [line[4] for line in lines if [line[1][8:], line[2][8:]] == ends]
    return int(found[0].partition(":")[0], 16) if found else 0


def test_streams_beyond_the_places_are_503_until_others_go(
    api: ApiProcess, request_id: str, client: httpx.Client
) -> None:
    path = f"{url(api)}/status/{request_id}/events"
    with ExitStack() as streams:
        for _ in range(STREAMS_AT_ONCE):
            assert streams.enter_context(client.stream("GET", path)).status_code == 200
        with client.stream("GET", path) as answer:
            assert (answer.status_code, json.loads(answer.read())["code"]) == (503, "too_many_streams")
        assert api.ask("GET", f"/status/{request_id}")[0] == 200

    def has_room() -> bool:
        with client.stream("GET", path) as answer:
            return bool(answer.status_code == 200)

    eventually(has_room, what="a place among the streams")


def test_stream_over_a_kill_of_the_api_never_goes_back(
    api: ApiProcess, database: PostgresDatabase, request_id: str
) -> None:
    with ThreadPoolExecutor(1) as thread, Watcher(url(api), request_id) as watcher:
        watching = thread.submit(watcher.watch)
        eventually(lambda: watcher.told)
        database.batches.record_progress(request_id, RUNNING, progress(1), datetime.now(UTC))
        eventually(lambda: watcher.told[-1]["counts"]["succeeded"] == 1)
        api.child.kill()
        api.child.wait(30)
        database.batches.record_progress(request_id, RUNNING, progress(2), datetime.now(UTC))
        with api:
            eventually(lambda: watcher.told[-1]["counts"]["succeeded"] == 2, 30)
            database.batches.finish(request_id, end(), [])
            watching.result(30)
    assert len(watcher.streams) == 2
    watcher.assert_never_back()
