"""A small operator around a store in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fakes.manual_clock import ManualClock
from fakes.memory_archive import MemoryArchive
from fakes.memory_batches import MemoryBatches
from fakes.memory_jobs import MemoryJobs, MemoryRegistry
from fakes.memory_listings import MemoryListings
from fakes.memory_store import MemoryBlobStore
from support.batch_scene import Scene, make_scene, scene_of

from imagebatch.metrics import Metrics
from imagebatch.model.batch import BatchSpec
from imagebatch.retry import accept_retry
from imagebatch.settings import DatabaseSettings, LinkSettings, OperatorSettings, StoreSettings, WebhookSettings
from imagebatch_operator.housekeeping import Housekeeper
from imagebatch_operator.reconcile import Reconciler
from imagebatch_operator.settle import Settler

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> MemoryBlobStore:
    return MemoryBlobStore(clock)


@pytest.fixture
def batches() -> MemoryBatches:
    return MemoryBatches()


@pytest.fixture
def archive(batches: MemoryBatches) -> MemoryArchive:
    return MemoryArchive(batches)


@pytest.fixture
def jobs() -> MemoryJobs:
    return MemoryJobs()


@pytest.fixture
def registry() -> MemoryRegistry:
    return MemoryRegistry()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def settler(batches: MemoryBatches, store: MemoryBlobStore, clock: ManualClock, metrics: Metrics) -> Settler:
    links = LinkSettings(public_url="https://images.example", link_secret="s3cret")
    return Settler(batches=batches, store=store, links=links, key_name="default", clock=clock, metrics=metrics)


@pytest.fixture
def reconciler(
    batches: MemoryBatches,
    store: MemoryBlobStore,
    registry: MemoryRegistry,
    jobs: MemoryJobs,
    settler: Settler,
    clock: ManualClock,
) -> Reconciler:
    return Reconciler(
        batches=batches,
        store=store,
        registry=registry,
        jobs=jobs,
        settler=settler,
        progress_seconds=1.0,
        clock=clock,
    )


@pytest.fixture
def operator_settings() -> OperatorSettings:
    store = StoreSettings("http://127.0.0.1:1", "key", "secret", "bucket")
    return OperatorSettings(
        store=store,
        database=DatabaseSettings("postgresql://"),
        links=LinkSettings(link_secret="s3cret"),
        webhooks=WebhookSettings(),
    )


@pytest.fixture
def housekeeper(
    batches: MemoryBatches,
    archive: MemoryArchive,
    store: MemoryBlobStore,
    registry: MemoryRegistry,
    operator_settings: OperatorSettings,
    clock: ManualClock,
    metrics: Metrics,
) -> Housekeeper:
    return Housekeeper(
        batches=batches,
        archive=archive,
        store=store,
        registry=registry,
        settings=operator_settings,
        clock=clock,
        metrics=metrics,
    )


@pytest.fixture
def accepted(store: MemoryBlobStore, batches: MemoryBatches, clock: ManualClock) -> Callable[..., Scene]:
    """`accepted(url_lists, **spec)` is a batch in the store and in the database."""

    def accept(url_lists: list[list[str]], **spec: object) -> Scene:
        scene = make_scene(store, url_lists, spec=BatchSpec(**spec))  # type: ignore[arg-type]
        batches.accept(scene.new_batch(clock.now()), scene.product_rows())
        return scene

    return accept


@pytest.fixture
def retried(
    store: MemoryBlobStore, batches: MemoryBatches, registry: MemoryRegistry, clock: ManualClock
) -> Callable[[str], Scene]:
    """`retried(request_id)` is the retry of a batch that has ended."""

    def retry(request_id: str) -> Scene:
        parent = batches.get(request_id)
        made = accept_retry(
            parent,
            store=store,
            batches=batches,
            archive=MemoryArchive(batches),
            listings=MemoryListings(batches),
            registry=registry,
            clock=clock,
        )
        return scene_of(store, batches.get(made))

    return retry
