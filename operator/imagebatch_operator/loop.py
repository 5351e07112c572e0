"""The operator loop put together: queue, sweep, notifications, webhooks, housekeeping.

A cluster or one machine plugs into it.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import start_http_server

from imagebatch.metrics import Metrics
from imagebatch.model.errors import ImageBatchError, Refused, Unavailable
from imagebatch_operator.housekeeping import Housekeeper, keep_house_until
from imagebatch_operator.reconcile import Reconciler
from imagebatch_operator.settle import Settler
from imagebatch_operator.sweep import listen_until, note_unfinished, sweep_until
from imagebatch_operator.webhooks import Schedule, deliver_until, make_deliverer
from imagebatch_operator.work_queue import WorkQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from imagebatch.ports import Archive, Batches, BlobStore, Clock, Deliveries, Http, Jobs, Registry
    from imagebatch.settings import OperatorSettings

SENDERS = 4  # a receiver that does not answer holds one of them up
RESTART_SECONDS = 5.0
STORE_PATIENCE_SECONDS = 5.0  # of the store that it is given; longer outages are waited out by the work queue, visibly
STOP_SECONDS = 30.0  # a settle that has begun may end

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OperatorPorts:
    """What the loop works with."""

    batches: Batches
    deliveries: Deliveries
    archive: Archive
    store: BlobStore
    registry: Registry
    jobs: Jobs
    http: Http
    clock: Clock


class OperatorLoop:
    """Everything that drives batches to their end, for a given registry and given Jobs.

    `take_in` is as the Reconciler has it; `noticed` returns further ids for every sweep, beside the unfinished. `large`
    is held while a large batch is worked on.
    """

    def __init__(
        self,
        ports: OperatorPorts,
        settings: OperatorSettings,
        *,
        metrics: Metrics | None = None,
        take_in: Callable[[str], bool] = lambda _: False,
        noticed: Callable[[], Iterable[str]] = tuple,
        large: threading.Lock | None = None,
    ) -> None:
        self._ports = ports
        self._large = large
        self._settings = settings
        self._noticed = noticed
        self._metrics = metrics or Metrics()
        self._deleted = threading.Event()
        self._reconciler = self._make_reconciler(take_in)
        self._queue = WorkQueue(
            self._work,
            workers=settings.operator_workers,
            clock=ports.clock,
            on_late=self._metrics.queue_lag_seconds.observe,
        )
        self._deliverer = make_deliverer(
            settings.webhooks,
            deliveries=ports.deliveries,
            http=ports.http,
            clock=ports.clock,
            metrics=self._metrics,
            on_recorded=self._queue.add,
        )
        self._metrics.queue_due.set_function(self._queue.overdue)
        self._new_deliveries = [threading.Event() for _ in range(SENDERS)]

    def wake(self, request_id: str) -> None:
        """Have a request looked at now; for whoever learns of a change. Any thread may call it."""
        self._queue.add(request_id)
        self._wake_senders()

    def look_at(self, request_id: str) -> None:
        """Have a request looked at now. Any thread may call it."""
        self._queue.add(request_id)

    def is_working(self) -> bool:
        """Return whether every worker of the queue lives."""
        return self._queue.is_alive()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then end what was begun."""
        threads = [
            threading.Thread(target=_keep_going, args=(stop, body), name=name) for name, body in self._bodies(stop)
        ]
        serving = self._serve_metrics()
        self._queue.start()
        for thread in threads:
            thread.start()
        stop.wait()
        self._wake_senders()
        self._deleted.set()
        if not self._queue.stop(STOP_SECONDS):
            log.warning("left without waiting for a batch that was being settled")
        for thread in threads:
            thread.join(self._settings.webhooks.webhook_timeout_seconds + STOP_SECONDS)
        serving()

    def _bodies(self, stop: threading.Event) -> list[tuple[str, Callable[[], None]]]:
        bodies: list[tuple[str, Callable[[], None]]] = [
            ("sweep", lambda: self._sweep(stop)),
            ("listen", lambda: listen_until(stop, self._ports.batches, self.wake)),
            ("housekeeping", lambda: self._keep_house(stop)),
        ]
        for number, new in enumerate(self._new_deliveries):
            bodies.append((f"sender-{number}", lambda new=new: deliver_until(stop, self._deliverer, new)))  # type: ignore[misc]
        return bodies

    def _sweep(self, stop: threading.Event) -> None:
        sweep_until(
            stop,
            self._ports.batches,
            self._queue.add,
            sweep_seconds=self._settings.sweep_seconds,
            noticed=self._noticed,
            note=lambda found: note_unfinished(found, self._ports.batches, self._metrics, self._ports.clock.now()),
        )

    def _keep_house(self, stop: threading.Event) -> None:
        keep_house_until(
            stop,
            self._make_housekeeper(),
            self._deleted,
            seconds=self._settings.housekeeping_seconds,
            clock=self._ports.clock,
            metrics=self._metrics,
        )

    def _work(self, request_id: str) -> float | None:
        try:
            with self._metrics.reconcile_seconds.time():
                return self._reconciler.reconcile(request_id)
        except ImageBatchError as error:
            self._metrics.reconcile_failures.labels(error.code).inc()
            if isinstance(error, Refused):  # it may not even look: nothing can be decided before it may
                raise Unavailable(error.message, dependency="cluster") from error
            raise

    def _make_reconciler(self, take_in: Callable[[str], bool]) -> Reconciler:
        ports, settings = self._ports, self._settings
        settler = Settler(
            batches=ports.batches,
            store=ports.store,
            links=settings.links,
            key_name=settings.webhooks.webhook_key_name,
            clock=ports.clock,
            metrics=self._metrics,
            schedule=Schedule.parse(settings.webhooks.webhook_schedule_seconds),
            large=self._large,
        )
        return Reconciler(
            batches=ports.batches,
            store=ports.store,
            registry=ports.registry,
            jobs=ports.jobs,
            settler=settler,
            progress_seconds=settings.progress_seconds,
            clock=ports.clock,
            on_gone=self._deleted.set,
            take_in=take_in,
        )

    def _make_housekeeper(self) -> Housekeeper:
        ports = self._ports
        return Housekeeper(
            batches=ports.batches,
            archive=ports.archive,
            store=ports.store,
            registry=ports.registry,
            settings=self._settings,
            clock=ports.clock,
            metrics=self._metrics,
        )

    def _wake_senders(self) -> None:
        for event in self._new_deliveries:
            event.set()

    def _serve_metrics(self) -> Callable[[], None]:
        """Serve /metrics if a port is set; return what ends it."""
        host, port = self._settings.metrics_host, self._settings.metrics_port
        if not port:
            return lambda: None
        server, _ = start_http_server(port, addr=host, registry=self._metrics.registry)

        def end() -> None:
            server.shutdown()
            server.server_close()

        return end


def _keep_going(stop: threading.Event, body: Callable[[], None]) -> None:
    """Run a loop until it ends because of `stop`; what it did not expect is logged and it starts over."""
    while not stop.is_set():
        try:
            body()
        except Exception:
            log.exception("unexpected in %s; starting over", threading.current_thread().name)
            stop.wait(RESTART_SECONDS)
