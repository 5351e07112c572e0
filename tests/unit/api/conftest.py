"""The API over memory: `api` is a client of it, `store`, `batches` and `container` are what it stands on."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import pytest
from fakes.memory_archive import MemoryArchive
from fakes.memory_batches import MemoryBatches
from fakes.memory_deliveries import MemoryDeliveries
from fakes.memory_listings import MemoryListings
from fakes.memory_store import MemoryBlobStore
from support.asgi_client import AsgiClient

from imagebatch.clock import SystemClock
from imagebatch.database.row_registry import RowRegistry
from imagebatch.settings import ApiSettings, DatabaseSettings, IntakeSettings, LinkSettings, StoreSettings
from imagebatch_api.app import create_app
from imagebatch_api.container import Container, watch_over

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLIC_URL = "https://images.example.com"
LINK_SECRET = "a secret for links"


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(
        store=StoreSettings("http://store.invalid", "access", "secret"),
        database=DatabaseSettings("postgresql://nobody@database.invalid/none"),
        links=LinkSettings(public_url=PUBLIC_URL, link_secret=LINK_SECRET),
        intake=IntakeSettings(max_upload_bytes=1024 * 1024),
    )


@pytest.fixture
def store() -> MemoryBlobStore:
    return MemoryBlobStore()


@pytest.fixture
def batches() -> MemoryBatches:
    return MemoryBatches()


@pytest.fixture
def container(settings: ApiSettings, store: MemoryBlobStore, batches: MemoryBatches) -> Container:
    return Container(
        settings=settings,
        store=store,
        batches=batches,
        listings=MemoryListings(batches),
        archive=MemoryArchive(batches),
        deliveries=MemoryDeliveries.of(batches),
        registry=RowRegistry(batches, SystemClock()),
        clock=SystemClock(),
        watch=watch_over(batches),
    )


@pytest.fixture
def api(container: Container) -> Iterator[AsgiClient]:
    with AsgiClient(create_app(container)) as client:
        yield client


@pytest.fixture
def hanging() -> Iterator[Event]:
    """Whoever waits for it hangs until the test is over."""
    event = Event()
    yield event
    event.set()
