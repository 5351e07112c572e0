"""Seconds and peak memory of settling 150,000 results in 50,000 rows, with a real Postgres and a real S3."""

from __future__ import annotations

import multiprocessing
import time
import uuid
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from support.batch_scene import make_scene
from support.open_folder import open_folder

from imagebatch.clock import SystemClock
from imagebatch.database.postgres import PostgresDatabase
from imagebatch.metrics import Metrics
from imagebatch.model import names
from imagebatch.model.batch import BatchSpec
from imagebatch.settings import DatabaseSettings, LinkSettings, StoreSettings
from imagebatch.store import S3BlobStore
from imagebatch_embedded.postgres_server import PostgresServer
from imagebatch_embedded.processes import free_ports
from imagebatch_embedded.seaweed_server import SeaweedPorts, SeaweedServer
from imagebatch_migrations import upgrade
from imagebatch_operator.lifecycle import Stop
from imagebatch_operator.settle import Settler

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 50_000
URLS_PER_ROW = 3
START_SECONDS = 60.0
KIB_PER_MIB = 1024


def run(rows: int = ROWS) -> dict[str, float]:
    """Print and return seconds and MiB: of the process before it settled, and at its peak."""
    with servers() as (database_url, store):
        request_id = _make_batch(rows, database_url, store)
        # A process of its own, so that its peak memory is that of settling.
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found = pool.apply(measure, (request_id, database_url, store))
    print(
        f"settle: {rows * URLS_PER_ROW:,} results in {found['seconds']:.1f} s, "
        f"peak {found['peak_mib']:.0f} MiB ({found['before_mib']:.0f} MiB before)"
    )
    return found


def measure(request_id: str, database_url: str, store: StoreSettings) -> dict[str, float]:
    """Settle one batch in this process."""
    with PostgresDatabase(DatabaseSettings(database_url)) as database:
        settler = Settler(
            batches=database.batches,
            store=S3BlobStore(store),
            links=LinkSettings(link_secret="bench"),
            key_name="default",
            clock=SystemClock(),
            metrics=Metrics(),
        )
        before = _peak_mib()
        started = time.perf_counter()
        settler.settle(request_id, Stop())
        return {"seconds": time.perf_counter() - started, "before_mib": before, "peak_mib": _peak_mib()}


def _peak_mib() -> float:
    """Return the process's largest resident size. Not from getrusage: that one counts what ran before exec, too."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / KIB_PER_MIB


def _make_batch(rows: int, database_url: str, settings: StoreSettings) -> str:
    store, request_id = S3BlobStore(settings), str(uuid.uuid4())
    url_lists = [[f"https://images.example/{row:06d}/{n}.jpg" for n in range(URLS_PER_ROW)] for row in range(rows)]
    scene = make_scene(store, url_lists, spec=BatchSpec(webhook_url="https://hook.example/"), request_id=request_id)
    with PostgresDatabase(DatabaseSettings(database_url)) as database:
        database.batches.accept(scene.new_batch(SystemClock().now()), scene.product_rows())
    scene.finish_all()
    assert store.head(names.shard_results_key(request_id, len(scene.plan.shards) - 1)) is not None
    return request_id


@contextmanager
def servers() -> Iterator[tuple[str, StoreSettings]]:
    with open_folder() as folder:
        postgres_port, *store_ports = free_ports(1 + len(fields(SeaweedPorts)))  # at once: no two are the same
        postgres = PostgresServer(folder / "postgres", postgres_port)
        seaweed = SeaweedServer(folder / "seaweed", SeaweedPorts(*store_ports))
        try:
            for server in (postgres, seaweed):
                server.start()
            for server in (postgres, seaweed):
                server.wait_ready(START_SECONDS)
            upgrade(postgres.url())
            store = StoreSettings(seaweed.endpoint, seaweed.access_key, seaweed.secret_key, seaweed.bucket)
            yield postgres.url(), store
        finally:
            for server in (seaweed, postgres):
                server.stop()


if __name__ == "__main__":
    run()
