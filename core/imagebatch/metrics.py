"""Every metric of the API and the operator: name, help and labels in one list. Needs prometheus-client.

Shards export none: what they did is in their results, which the operator counts. No id is ever a label.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

_BATCH_SECONDS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)
_REQUEST_SECONDS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)


class Metrics:
    """One program's metrics, on a registry of their own. Names begin with `imagebatch_`."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.batches = self._counter("batches", "Batches that ended.", "status", "reason")
        self.images = self._counter("images", "Slots of batches that ended, by code; `ok` succeeded.", "code")
        self.input_bytes = self._counter("input_bytes", "Bytes of the images that succeeded, before.")
        self.output_bytes = self._counter("output_bytes", "Bytes of the images that succeeded, after.")
        self.batch_seconds = self._seconds("batch_seconds", "From acceptance to the final status.", _BATCH_SECONDS)
        self.queue_seconds = self._seconds("queue_seconds", "From acceptance to the first shard.", _BATCH_SECONDS)
        self.settle_seconds = self._seconds("settle_seconds", "Writing results and final status.", _REQUEST_SECONDS)
        self.reconcile_failures = self._counter("reconcile_failures", "Looks at a batch that failed.", "code")
        self.webhook_attempts = self._counter("webhook_attempts", "Tries to deliver a webhook.", "result")
        self.http_requests = self._counter("http_requests", "Answers of the API.", "method", "route", "status")
        self.http_seconds = self._seconds("http_seconds", "Time to answer.", _REQUEST_SECONDS, "method", "route")

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"imagebatch_{name}", text, labels, registry=self.registry)

    def _seconds(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"imagebatch_{name}", text, labels, registry=self.registry, buckets=buckets)
