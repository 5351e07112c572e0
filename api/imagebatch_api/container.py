"""The objects of the API, put together in one place. Built by `__main__` and by embedded mode, held by the app."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, cast

from anyio import CapacityLimiter
from fastapi import Depends, Request

from imagebatch.clock import SystemClock
from imagebatch.database.postgres import PostgresDatabase
from imagebatch.metrics import Metrics
from imagebatch.model.errors import Misconfigured
from imagebatch.store import S3BlobStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagebatch.ports import Batches, BlobStore, Clock, Registry
    from imagebatch.settings import ApiSettings

# Reading and writing a large CSV takes up to some 100 MB each; more uploads at once wait, on disk.
UPLOADS_AT_ONCE = 4
CHECKS_AT_ONCE = 4  # a dependency that hangs keeps no more threads than these
STORE_PATIENCE_SECONDS = 1.0  # a broken connection is no outage; an outage is told at once
MIN_LINK_SECRET_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Container:
    """What the routes work with. `close` lets go of connections."""

    settings: ApiSettings
    store: BlobStore
    batches: Batches
    registry: Registry
    clock: Clock
    metrics: Metrics = field(default_factory=Metrics)
    upload_slots: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(UPLOADS_AT_ONCE))
    check_slots: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(CHECKS_AT_ONCE))
    close: Callable[[], None] = lambda: None


def build_container(settings: ApiSettings, registry: Registry) -> Container:
    """Return the API's objects over S3 and Postgres. Raises Misconfigured; nothing is connected yet."""
    if len(settings.links.link_secret) < MIN_LINK_SECRET_LENGTH:
        raise Misconfigured(f"IMAGEBATCH_LINK_SECRET must have at least {MIN_LINK_SECRET_LENGTH} characters")
    store = S3BlobStore(settings.store, patience_seconds=STORE_PATIENCE_SECONDS, connections=UPLOADS_AT_ONCE * 10)
    database = PostgresDatabase(settings.database)
    return Container(settings, store, database.batches, registry, SystemClock(), close=database.close)


async def container_of(request: Request) -> Container:
    """Return the container that the app was created with."""
    return cast("Container", request.app.state.container)


ContainerDep = Annotated[Container, Depends(container_of)]
