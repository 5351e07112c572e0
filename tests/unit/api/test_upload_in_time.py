"""The body of an upload that stops coming, or never ends slowly: 408 when its time is over."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.asgi_client import AsgiClient

from imagebatch_api import problems
from imagebatch_api.app import create_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fakes.memory_batches import MemoryBatches

    from imagebatch_api.container import Container

CSV = b"S. No.,Product Name,Input Image Urls\n"
FORM_START = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
KINDS = [("text/csv", CSV), ("multipart/form-data; boundary=b", FORM_START + CSV)]


async def stalling(start: bytes) -> AsyncIterator[bytes]:
    yield start
    await asyncio.Event().wait()


async def trickling(start: bytes) -> AsyncIterator[bytes]:
    yield start
    while True:
        await asyncio.sleep(0.001)
        yield b"1,Lamp"


@pytest.fixture
def hurried(container: Container, monkeypatch: pytest.MonkeyPatch) -> AsgiClient:
    monkeypatch.setattr(problems, "LINGER_SECONDS", 0.01)
    return AsgiClient(create_app(replace(container, settings=replace(container.settings, upload_seconds=0.05))))


@pytest.mark.parametrize(("content_type", "start"), KINDS)
@pytest.mark.parametrize("body", [stalling, trickling])
def test_upload_that_is_not_there_in_time_is_408_and_cut(
    hurried: AsgiClient, batches: MemoryBatches, content_type: str, start: bytes, body: object
) -> None:
    with hurried as api:
        answer = api.post("/upload", content=body(start), headers={"Content-Type": content_type})  # type: ignore[operator]
    assert (answer.status_code, answer.json()["code"]) == (408, "upload_timeout")
    assert answer.headers["connection"] == "close"
    assert batches.batches == {}


def test_upload_that_is_refused_before_it_is_read_is_cut(api: AsgiClient) -> None:
    answer = api.post("/upload", content=CSV, params={"quality": 0}, headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.headers["connection"]) == (400, "close")
