"""`python -m imagebatch_embedded.operator_process`: the operator loop on one machine, shards as its children."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from imagebatch.clock import SystemClock
from imagebatch.database.postgres import PostgresDatabase
from imagebatch.database.row_registry import RowRegistry
from imagebatch.machine import available_cpus
from imagebatch.model.errors import Misconfigured
from imagebatch.settings import EmbeddedSettings, ProcessorSettings, load, variables
from imagebatch.stop_signals import stop_event
from imagebatch.store import S3BlobStore
from imagebatch.telemetry import configure_logging
from imagebatch_embedded.local_jobs import LocalJobs
from imagebatch_embedded.shard_lock import ShardLock
from imagebatch_operator.loop import STORE_PATIENCE_SECONDS, OperatorLoop, OperatorPorts
from imagebatch_operator.webhooks import webhook_http

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping


# What a Python program needs of the machine, besides its settings.
SYSTEM_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV")
PREDECESSOR_SECONDS = 60.0  # an operator that was killed leaves shards that end within 13 s


def main() -> int:
    """Run until SIGTERM; return the exit code: 0 after a stop, 2 for wrong settings."""
    stop = stop_event([signal.SIGTERM, signal.SIGINT])
    try:
        settings = load(EmbeddedSettings, os.environ)
        configure_logging(settings.operator.log_format, "operator")
        _run(settings, stop)
    except Misconfigured as error:
        print(f"operator: {error.message}", file=sys.stderr)  # noqa: T201 - logging may be what is wrong
        return 2
    return 0


def _run(settings: EmbeddedSettings, stop: threading.Event) -> None:
    operator = settings.operator
    shard_logs = Path(settings.shard_logs_dir)
    # A batch is ended when none of its shards runs, and those of a killed operator are nobody's children.
    lock = ShardLock(shard_logs / "running.lock")
    lock.take(PREDECESSOR_SECONDS, stop.is_set)
    clock = SystemClock()
    database = PostgresDatabase(operator.database)
    jobs = LocalJobs(
        shard_environment(os.environ),
        shard_logs,
        max_shards=settings.local_shards or available_cpus(),
        on_change=lambda request_id: loop.wake(request_id),
        kept_open=[lock.fileno],
    )
    loop = OperatorLoop(
        OperatorPorts(
            store=S3BlobStore(operator.store, patience_seconds=STORE_PATIENCE_SECONDS),
            batches=database.batches,
            deliveries=database.deliveries,
            archive=database.archive,
            registry=RowRegistry(database.batches, clock),
            jobs=jobs,
            http=webhook_http(operator.webhooks, clock),
            clock=clock,
        ),
        operator,
    )
    try:
        loop.run(stop)
    finally:
        jobs.close()
        database.close()
        lock.close()


def shard_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a shard may know: its settings, and neither the database nor a signing key."""
    known = {name for name, _, _ in variables(ProcessorSettings)}
    known |= {f"{name}_FILE" for name in known} | set(SYSTEM_VARIABLES)
    return {name: value for name, value in environ.items() if name in known}


if __name__ == "__main__":
    sys.exit(main())
