"""Idempotency-Key: the same upload twice is one request."""

from __future__ import annotations

import asyncio
from threading import Event
from typing import TYPE_CHECKING

import httpx
import pytest

from imagebatch.model.errors import Conflict, Unavailable
from imagebatch_api.app import create_app

if TYPE_CHECKING:
    from fakes.memory_batches import MemoryBatches
    from fakes.memory_store import MemoryBlobStore
    from support.asgi_client import AsgiClient

    from imagebatch_api.container import Container

CSV = b"S. No.,Product Name,Input Image Urls\n1,Lamp,https://a.example/1.jpg\n"
RAW = {"Content-Type": "text/csv"}
FORM = {"file": ("products.csv", CSV, "text/csv")}
KEYED = {**RAW, "Idempotency-Key": "order-17"}


def test_upload_again_with_its_key_answers_the_first_request(api: AsgiClient, batches: MemoryBatches) -> None:
    first = api.post("/upload", content=CSV, headers=KEYED)
    again = api.post("/upload", content=CSV, headers=KEYED)
    as_form = api.post("/upload", files=FORM, data={"quality": "50"}, headers={"Idempotency-Key": "order-17"})
    assert "idempotency-replayed" not in first.headers
    for answer in (again, as_form):
        assert (answer.status_code, answer.json()) == (200, first.json())
        assert answer.headers["location"] == first.headers["location"]
        assert answer.headers["idempotency-replayed"] == "true"
    assert list(batches.batches) == [first.json()["request_id"]]


@pytest.mark.parametrize("change", ["csv", "option"])
def test_upload_of_something_else_with_a_used_key_is_422(api: AsgiClient, batches: MemoryBatches, change: str) -> None:
    api.post("/upload", content=CSV, headers=KEYED)
    body = CSV + b"2,Chair,https://a.example/2.jpg\n" if change == "csv" else CSV
    answer = api.post("/upload", content=body, headers=KEYED, params={"quality": 60} if change == "option" else {})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert len(batches.batches) == 1


def test_upload_with_another_key_or_none_is_another_request(api: AsgiClient, batches: MemoryBatches) -> None:
    for headers in (KEYED, {**RAW, "Idempotency-Key": "order-18"}, RAW, RAW):
        assert api.post("/upload", content=CSV, headers=headers).status_code == 200
    assert len(batches.batches) == 4


def test_upload_as_dry_run_leaves_the_key_free(api: AsgiClient, batches: MemoryBatches) -> None:
    assert api.post("/upload", content=CSV, headers=KEYED, params={"dry_run": True}).status_code == 200
    answer = api.post("/upload", content=CSV + b"\n", headers=KEYED)
    assert (answer.status_code, "idempotency-replayed" in answer.headers) == (200, False)


@pytest.mark.parametrize("fault", ["csv", "store", "database"])
def test_upload_that_fails_leaves_the_key_free(
    api: AsgiClient, batches: MemoryBatches, store: MemoryBlobStore, fault: str
) -> None:
    down = Unavailable("it does not answer", dependency="store" if fault == "store" else "database")
    store.outage = down if fault == "store" else None
    batches.outage = down if fault == "database" else None
    refused = api.post("/upload", content=b"x" if fault == "csv" else CSV, headers=KEYED)
    assert refused.status_code == (400 if fault == "csv" else 503)
    store.outage = batches.outage = None
    answer = api.post("/upload", content=CSV, headers=KEYED)
    assert (answer.status_code, "idempotency-replayed" in answer.headers) == (200, False)


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "a\tb", "schlüssel".encode(), "\x7f"])
def test_upload_with_a_malformed_key_is_400(api: AsgiClient, batches: MemoryBatches, key: str | bytes) -> None:
    answer = api.post("/upload", content=CSV, headers={**RAW, "Idempotency-Key": key})  # type: ignore[dict-item]
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["errors"][0]["column"] == "Idempotency-Key"
    assert batches.batches == {}


def test_upload_whose_lock_was_lost_meets_the_last_guard_as_409(
    api: AsgiClient, batches: MemoryBatches, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Conflict("the key is taken")

    monkeypatch.setattr(batches, "accept", refuse)
    answer = api.post("/upload", content=CSV, headers=KEYED)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")


def test_uploads_with_one_key_at_once_are_one_request(container: Container, batches: MemoryBatches) -> None:
    """Twenty at once: one is made, the others are told so or that it is under way."""
    answers = asyncio.run(at_once(container, 20))
    assert {answer.status_code for answer in answers} <= {200, 409}
    (made,) = batches.batches
    for answer in answers:
        if answer.status_code == 200:
            assert answer.json()["request_id"] == made
        else:
            assert (answer.json()["code"], answer.headers["retry-after"]) == ("idempotency_key_in_use", "1")
    assert sum("idempotency-replayed" not in answer.headers for answer in answers if answer.status_code == 200) == 1


def test_upload_while_another_with_its_key_is_under_way_is_409(
    container: Container, store: MemoryBlobStore, batches: MemoryBatches, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, go = Event(), Event()
    put = store.put

    def held(key: str, data: bytes | memoryview, content_type: str) -> None:
        entered.set()
        assert go.wait(10)
        put(key, data, content_type)

    async def both() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(container)), base_url="http://a") as api:
            first = asyncio.create_task(api.post("/upload", content=CSV, headers=KEYED))
            await asyncio.to_thread(entered.wait, 10)
            second = await api.post("/upload", content=CSV, headers=KEYED)
            go.set()
            return [await first, second]

    monkeypatch.setattr(store, "put", held)
    first, second = asyncio.run(both())
    assert (first.status_code, second.status_code) == (200, 409)
    assert len(batches.batches) == 1


async def at_once(container: Container, count: int) -> list[httpx.Response]:
    transport = httpx.ASGITransport(create_app(container))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.invalid") as client:
        return await asyncio.gather(*(client.post("/upload", content=CSV, headers=KEYED) for _ in range(count)))
