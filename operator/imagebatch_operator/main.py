"""The operator of a cluster, put together and run. Called by `__main__`."""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kopf
import yaml

from imagebatch import USER_AGENT
from imagebatch.clock import SystemClock
from imagebatch.cluster import ClusterRegistry, connect
from imagebatch.cluster.client import IMAGE_BATCHES
from imagebatch.cluster.resource import REQUEST_ID_LABEL
from imagebatch.cluster.status import needs_a_look
from imagebatch.database.postgres import PostgresDatabase
from imagebatch.metrics import Metrics
from imagebatch.model.batch import BatchSpec
from imagebatch.model.errors import ImageBatchError, Misconfigured
from imagebatch.net.addresses import parse_rules
from imagebatch.net.http import GuardedHttp
from imagebatch.settings import ClusterOperatorSettings, load
from imagebatch.store import S3BlobStore
from imagebatch.telemetry import configure_logging
from imagebatch_operator.hand_written import HandWrittenIntake
from imagebatch_operator.handlers import Ears, make_registry
from imagebatch_operator.job_manifest import check_template
from imagebatch_operator.kubernetes_jobs import KubernetesJobs
from imagebatch_operator.loop import STORE_PATIENCE_SECONDS, OperatorLoop, OperatorPorts
from imagebatch_operator.source import SourceReader
from imagebatch_operator.watch_health import WatchHealth, version_of
from imagebatch_operator.webhooks import webhook_http

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagebatch.settings import IntakeSettings

MISCONFIGURED_EXIT = 2

log = logging.getLogger(__name__)


def main() -> int:
    """Run until SIGTERM; return the exit code: 0 after a stop, 2 for wrong settings."""
    try:
        settings = load(ClusterOperatorSettings, os.environ)
        if not settings.cluster.namespace:
            raise Misconfigured("IMAGEBATCH_NAMESPACE is not set: the namespace whose ImageBatches are served")
        configure_logging(settings.operator.log_format, "operator")
        operator = ClusterOperator(settings)
    except Misconfigured as error:
        print(f"imagebatch_operator: {error.message}", file=sys.stderr)  # noqa: T201 - logging may be what is wrong
        return MISCONFIGURED_EXIT
    port = settings.liveness_port
    kopf.run(
        registry=make_registry(operator.ears()),
        standalone=True,
        namespaces=[settings.cluster.namespace],
        liveness_endpoint=f"http://0.0.0.0:{port}/healthz" if port else None,
    )
    return 0


class ClusterOperator:
    """The operator loop with a cluster plugged in."""

    def __init__(self, settings: ClusterOperatorSettings) -> None:
        operator, clock, metrics = settings.operator, SystemClock(), Metrics()
        self._clock = clock
        self._large = threading.Lock()
        self._cluster = connect(settings.cluster.namespace, metrics.count_cluster_request)
        self._database = PostgresDatabase(operator.database)
        store = S3BlobStore(operator.store, patience_seconds=STORE_PATIENCE_SECONDS)
        self._registry = ClusterRegistry(
            self._cluster,
            batches=self._database.batches,
            deliveries=self._database.deliveries,
            links=operator.links,
            clock=clock,
        )
        self._jobs = KubernetesJobs(self._cluster, _pod_template(Path(settings.pod_template_file)))
        self._loop = OperatorLoop(
            OperatorPorts(
                batches=self._database.batches,
                deliveries=self._database.deliveries,
                archive=self._database.archive,
                store=store,
                registry=self._registry,
                jobs=self._jobs,
                http=webhook_http(operator.webhooks, clock),
                clock=clock,
            ),
            operator,
            metrics=metrics,
            take_in=self._intake(settings, store, metrics).take_in,
            noticed=self._noticed,
            large=self._large,
        )
        self._resources_watch, self._jobs_watch = WatchHealth(clock.monotonic), WatchHealth(clock.monotonic)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop.run, args=(self._stop,), name="operator-loop")

    def ears(self) -> Ears:
        """Return what kopf's handlers call."""
        return Ears(
            resource=self._hear_resource,
            job=self._hear_job,
            start=self._thread.start,
            stop=self._end,
            silent_seconds=lambda: max(self._resources_watch.silent_seconds(), self._jobs_watch.silent_seconds()),
            is_working=lambda: self._thread.is_alive() and self._loop.is_working(),
        )

    def _hear_resource(self, found: dict[str, Any], deleted: bool) -> None:
        self._resources_watch.tell(found, deleted=deleted)
        request_id = self._registry.forget(found) if deleted else self._registry.note(found)
        if deleted or self._registry.is_news(found):
            self._loop.look_at(request_id)

    def _hear_job(self, found: dict[str, Any], deleted: bool) -> None:
        self._jobs_watch.tell(found, deleted=deleted)
        self._loop.look_at(found["metadata"]["labels"][REQUEST_ID_LABEL])

    def _noticed(self) -> Iterator[str]:
        """Yield the ids behind all that is in the cluster and not plainly done with; compare the watch with it."""
        asked_at = self._clock.monotonic()
        seen: list[dict[str, Any]] = []  # not whole: a resource may hold its CSV
        for found in self._cluster.list(IMAGE_BATCHES):
            seen.append(version_of(found))
            request_id = self._registry.note(found)
            if needs_a_look(found, self._clock.now()):
                yield request_id
        self._resources_watch.compare(seen, asked_at)
        asked_at = self._clock.monotonic()
        seen = []
        for job in self._jobs.all():
            seen.append(version_of(job))
            yield job["metadata"]["labels"][REQUEST_ID_LABEL]
        self._jobs_watch.compare(seen, asked_at)

    def _intake(self, settings: ClusterOperatorSettings, store: S3BlobStore, metrics: Metrics) -> HandWrittenIntake:
        fetch = settings.fetch
        rules = parse_rules(fetch.fetch_allow, fetch.fetch_refuse)
        ca_file = Path(fetch.fetch_ca_file) if fetch.fetch_ca_file else None
        reader = SourceReader(
            store=store,
            http=GuardedHttp(rules, clock=self._clock, user_agent=USER_AGENT, ca_file=ca_file),
            config_maps=self._registry,
            inbox=settings.inbox_prefix,
            max_bytes=settings.intake.max_upload_bytes,
        )
        return HandWrittenIntake(
            registry=self._registry,
            batches=self._database.batches,
            archive=self._database.archive,
            listings=self._database.listings,
            store=store,
            reader=reader,
            limits=settings.intake.csv_limits(),
            defaults=_defaults(settings.intake),
            default_key_name=settings.operator.webhooks.webhook_key_name,
            clock=self._clock,
            metrics=metrics,
            large=self._large,
        )

    def _end(self) -> None:
        self._stop.set()
        try:
            self._jobs.let_namespace_go()
        except ImageBatchError as error:
            log.warning("whether the namespace is being deleted is not known: %s", error)
        self._thread.join()
        self._database.close()


def _defaults(settings: IntakeSettings) -> BatchSpec:
    return BatchSpec(
        parallelism=settings.parallelism,
        retries_per_shard=settings.retries_per_shard,
        active_deadline_seconds=settings.active_deadline_seconds,
        webhook_url=settings.webhook_url or None,
    )


def _pod_template(path: Path) -> dict[str, Any]:
    try:
        return check_template(yaml.safe_load(path.read_text()))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise Misconfigured(f"the pod template {path} cannot be read: {error}") from error
