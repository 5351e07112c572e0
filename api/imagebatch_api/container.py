"""The objects of the API, put together in one place. Built by `__main__` and by embedded mode, held by the app."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request

from imagebatch.clock import SystemClock
from imagebatch.database.postgres import PostgresDatabase
from imagebatch.database.row_registry import RowRegistry
from imagebatch.intake import LARGE_CSV_BYTES
from imagebatch.metrics import Metrics
from imagebatch.model.errors import Misconfigured
from imagebatch.store import S3BlobStore
from imagebatch_api.calls import BoundedCalls, Turns
from imagebatch_api.keys import KeyFile
from imagebatch_api.watching import StatusWatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagebatch.model.batch import Batch
    from imagebatch.ports import Archive, Batches, BlobStore, Clock, Deliveries, Listings, Registry
    from imagebatch.settings import ApiSettings

# A CSV that is read takes up to 40 times its size; more uploads at once wait, on disk.
UPLOADS_AT_ONCE = 4
LARGE_UPLOADS_AT_ONCE = 1
CHECKS_AT_ONCE = 4  # a dependency that hangs keeps no more threads than these, and those of no other one
CHECK_SECONDS = 3.0
CALLS_AT_ONCE = 16
LOOKS_AT_ONCE = 4
DATABASE_SECONDS = 15.0  # the pool waits 10 for a connection and then says so itself
CLUSTER_SECONDS = 15.0
STORE_PATIENCE_SECONDS = 1.0  # a broken connection is no outage; an outage is told at once
MIN_LINK_SECRET_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Container:
    """What the routes work with. `close` lets go of connections."""

    settings: ApiSettings
    store: BlobStore
    batches: Batches
    listings: Listings
    archive: Archive
    deliveries: Deliveries
    registry: Registry
    clock: Clock
    watch: StatusWatch
    keys: KeyFile | None = None
    metrics: Metrics = field(default_factory=Metrics)
    uploads: Turns = field(default_factory=lambda: Turns(UPLOADS_AT_ONCE))
    large_uploads: Turns = field(default_factory=lambda: Turns(LARGE_UPLOADS_AT_ONCE))
    database_calls: BoundedCalls = field(
        default_factory=lambda: BoundedCalls("database", CALLS_AT_ONCE, DATABASE_SECONDS)
    )
    registry_calls: BoundedCalls = field(
        default_factory=lambda: BoundedCalls("database", CALLS_AT_ONCE, DATABASE_SECONDS)
    )
    database_checks: BoundedCalls = field(
        default_factory=lambda: BoundedCalls("database", CHECKS_AT_ONCE, CHECK_SECONDS)
    )
    store_checks: BoundedCalls = field(default_factory=lambda: BoundedCalls("store", CHECKS_AT_ONCE, CHECK_SECONDS))
    close: Callable[[], None] = lambda: None

    def turns(self, csv_bytes: int) -> Turns:
        """Return the turns in which a CSV of this size is worked on."""
        return self.large_uploads if csv_bytes > LARGE_CSV_BYTES else self.uploads


def build_container(settings: ApiSettings) -> Container:
    """Return the API's objects over S3 and Postgres. Raises Misconfigured; nothing is connected yet."""
    if len(settings.links.link_secret) < MIN_LINK_SECRET_LENGTH:
        raise Misconfigured(f"IMAGEBATCH_LINK_SECRET must have at least {MIN_LINK_SECRET_LENGTH} characters")
    metrics = Metrics()
    keys = _keys(settings, metrics)
    store = S3BlobStore(settings.store, patience_seconds=STORE_PATIENCE_SECONDS, connections=UPLOADS_AT_ONCE * 10)
    database = PostgresDatabase(settings.database)
    clock = SystemClock()
    return Container(
        settings=settings,
        store=store,
        batches=database.batches,
        listings=database.listings,
        archive=database.archive,
        deliveries=database.deliveries,
        registry=_registry(settings, database, clock, metrics),
        registry_calls=_registry_calls(settings),
        clock=clock,
        watch=watch_over(database.batches),
        keys=keys,
        metrics=metrics,
        close=database.close,
    )


def _registry(settings: ApiSettings, database: PostgresDatabase, clock: Clock, metrics: Metrics) -> Registry:
    if not settings.cluster.namespace:
        return RowRegistry(database.batches, clock)
    # Here, because the Kubernetes client takes most of a second to import.
    from imagebatch.cluster import ClusterRegistry, connect

    return ClusterRegistry(
        connect(settings.cluster.namespace, metrics.count_cluster_request),
        batches=database.batches,
        deliveries=database.deliveries,
        links=settings.links,
        clock=clock,
    )


def _registry_calls(settings: ApiSettings) -> BoundedCalls:
    """Return threads for what the registry is told: its rows are in the database, its resources in the cluster."""
    if not settings.cluster.namespace:
        return BoundedCalls("database", CALLS_AT_ONCE, DATABASE_SECONDS)
    return BoundedCalls("cluster", CALLS_AT_ONCE, CLUSTER_SECONDS)


def watch_over(batches: Batches) -> StatusWatch:
    """Return what watches requests, with threads of its own: many that watch take none from those that ask."""
    calls = BoundedCalls("database", LOOKS_AT_ONCE, DATABASE_SECONDS)

    async def read(request_id: str) -> Batch:
        return await calls.run(partial(batches.get, request_id))

    return StatusWatch(read)


def _keys(settings: ApiSettings, metrics: Metrics) -> KeyFile | None:
    if settings.api_keys_file:
        return KeyFile(Path(settings.api_keys_file), on_failure=metrics.http_key_file_errors.inc)
    if not _is_loopback(settings.host):
        message = f"IMAGEBATCH_HOST {settings.host} can be reached by others: set IMAGEBATCH_API_KEYS_FILE"
        raise Misconfigured(f"{message}, or listen on 127.0.0.1")
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def container_of(request: Request) -> Container:
    """Return the container that the app was created with."""
    return cast("Container", request.app.state.container)


ContainerDep = Annotated[Container, Depends(container_of)]
