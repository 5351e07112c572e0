"""Calls of a database that hangs: 503 in bounded time, with threads of their own."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

import pytest
from fakes.memory_batches import as_accepted
from support.asgi_client import AsgiClient
from support.sample_batches import new_batch

from imagebatch.model import names
from imagebatch.model.errors import Unavailable
from imagebatch_api.app import create_app
from imagebatch_api.calls import BoundedCalls

if TYPE_CHECKING:
    from fakes.memory_batches import MemoryBatches
    from fakes.memory_store import MemoryBlobStore

    from imagebatch.settings import ApiSettings
    from imagebatch_api.container import Container


def test_call_returns_or_raises_what_its_work_does() -> None:
    calls = BoundedCalls("database", 1, 10)
    assert asyncio.run(calls.run(lambda: 17)) == 17
    with pytest.raises(ZeroDivisionError):
        asyncio.run(calls.run(lambda: 1 // 0))  # type: ignore[arg-type,return-value]


def test_calls_that_hang_are_unavailable_and_keep_only_their_threads(hanging: Event) -> None:
    calls = BoundedCalls("database", 2, 0.05)
    before = threading.active_count()

    async def ask() -> None:
        with pytest.raises(Unavailable, match=r"no answer in 0\.05 seconds"):
            await calls.run(hanging.wait)

    async def many() -> None:
        await asyncio.gather(*(ask() for _ in range(20)))

    asyncio.run(many())
    assert threading.active_count() - before <= 2


def test_routes_while_the_database_hangs_are_503_and_results_still_open(
    container: Container,
    batches: MemoryBatches,
    store: MemoryBlobStore,
    settings: ApiSettings,
    hanging: Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new = new_batch("local")
    batches.batches[new.request_id] = as_accepted(new)
    key = names.image_key(new.request_id, "0.jpg")
    store.put(key, b"picture", "image/jpeg")
    monkeypatch.setattr(batches, "check", hanging.wait)
    with AsgiClient(create_app(replace(container, database_calls=BoundedCalls("database", 2, 0.05)))) as api:
        for path in ("/status/{}", "/status/{}/events", "/requests", "/requests/{}/images", "/requests/{}/webhook"):
            answer = api.get(path.format(new.request_id))
            assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable"), path
            assert int(answer.headers["retry-after"]) > 0
        link = names.public_link("", settings.links.link_secret.encode(), key)
        assert api.get(link).content == b"picture"
