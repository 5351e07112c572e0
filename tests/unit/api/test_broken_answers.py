"""Clients that go away and answers that break half-way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from imagebatch.model import names
from imagebatch.model.errors import Unavailable
from imagebatch.ports import Blob
from imagebatch_api.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.memory_batches import MemoryBatches
    from fakes.memory_store import MemoryBlobStore
    from starlette.types import Message

    from imagebatch_api.container import Container

KEY = names.result_key("7b0c3f0e-5d0a-4c55-9d0e-3d9b7e1f6a11", names.OUTPUT_CSV)


class Client:
    """One request given message by message; `sent` is what the app answered. It goes away after `patience` of it."""

    patience = 3

    def __init__(self, scope: dict[str, Any], *messages: Message) -> None:
        extra = {"type": "http", "http_version": "1.1", "asgi": {"version": "3.0", "spec_version": "2.3"}}
        self.scope = {**extra, "headers": [], "query_string": b"", "root_path": "", **scope}
        self.sent: list[Message] = []
        self._messages = list(messages)

    async def receive(self) -> Message:
        if self._messages:
            return self._messages.pop(0)
        while len(self.sent) < self.patience:
            await asyncio.sleep(0.001)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        await asyncio.sleep(0.01)

    def call(self, container: Container) -> None:
        asyncio.run(create_app(container)(self.scope, self.receive, self.send))


class Endless:
    """Chunks for ever, or until `fault`; `closed` once somebody let go of them."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.closed = False
        self._fault = fault

    def chunks(self) -> Iterator[bytes]:
        try:
            yield b"x" * 1_000
            if self._fault:
                raise self._fault
            while True:
                yield b"x" * 1_000
        finally:
            self.closed = True


def download(container: Container, store: MemoryBlobStore, monkeypatch: pytest.MonkeyPatch, source: Endless) -> Client:
    store.put(KEY, b"x" * 1_000_000, "text/csv")
    info = store.head(KEY)
    assert info is not None
    monkeypatch.setattr(store, "open", lambda *_: Blob(info, source.chunks()))
    token = names.link_token(container.settings.links.link_secret.encode(), KEY)
    return Client({"method": "GET", "path": names.public_path(KEY), "query_string": f"t={token}".encode()})


def test_download_whose_client_goes_away_lets_go_of_the_store(
    container: Container, store: MemoryBlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Endless()
    client = download(container, store, monkeypatch, source)
    client.call(container)
    assert client.sent[0]["status"] == 200
    assert source.closed


def test_download_that_breaks_half_way_is_cut_and_not_ended(
    container: Container, store: MemoryBlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Endless(Unavailable("the store went away", dependency="store"))
    client = download(container, store, monkeypatch, source)
    client.patience = 1_000_000
    with pytest.raises(Exception, match="response already started"):  # the server closes the connection
        client.call(container)
    assert source.closed
    assert not any(message["type"] == "http.response.body" and not message.get("more_body") for message in client.sent)


def test_upload_whose_client_goes_away_leaves_nothing(
    container: Container, store: MemoryBlobStore, batches: MemoryBatches
) -> None:
    client = Client(
        {"method": "POST", "path": "/upload", "headers": [(b"content-type", b"text/csv")]},
        {"type": "http.request", "body": b"S. No.,Product Name,Input", "more_body": True},
        {"type": "http.disconnect"},
    )
    client.call(container)
    assert (batches.batches, store.calls, client.sent) == ({}, [], [])
