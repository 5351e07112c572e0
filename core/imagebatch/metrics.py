"""Every metric of the API and the operator: name, help and labels in one list. Needs prometheus-client.

Shards export none: what they did is in their results, which the operator counts. No id is ever a label.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BATCH_SECONDS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)
_REQUEST_SECONDS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0)


class Metrics:
    """One program's metrics, on a registry of their own. Names begin with `imagebatch_`."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._of_batches()
        self._of_the_operator()
        self._of_the_api()

    def count_cluster_request(self, verb: str, plural: str, status: int) -> None:
        """Count a request to the API server."""
        self.cluster_requests.labels(verb, plural, status).inc()

    def _of_batches(self) -> None:
        self.batches = self._counter("batches", "Batches that ended.", "status", "reason")
        self.images = self._counter("images", "Slots of batches that ended, by code; `ok` succeeded.", "code")
        self.input_bytes = self._counter("input_bytes", "Bytes of the images that succeeded, before.")
        self.output_bytes = self._counter("output_bytes", "Bytes of the images that succeeded, after.")
        self.batch_seconds = self._seconds("batch_seconds", "From acceptance to the final status.", _BATCH_SECONDS)
        self.queue_seconds = self._seconds("queue_seconds", "From acceptance to the first shard.", _BATCH_SECONDS)
        self.settle_seconds = self._seconds("settle_seconds", "Writing results and final status.", _REQUEST_SECONDS)
        self.webhook_attempts = self._counter("webhook_attempts", "Tries to deliver a webhook.", "result")
        self.webhooks_given_up = self._counter("webhooks_given_up", "Webhooks that are not tried any more.")

    def _of_the_operator(self) -> None:
        self.reconcile_seconds = self._seconds("reconcile_seconds", "One look at a batch.", _REQUEST_SECONDS)
        self.queue_lag_seconds = self._seconds(
            "queue_lag_seconds", "How long a batch that was due waited for a worker of the operator.", _REQUEST_SECONDS
        )
        self.cluster_requests = self._counter(
            "cluster_requests", "Requests to the Kubernetes API server; code 0: no answer.", "verb", "resource", "code"
        )
        self.reconcile_failures = self._counter("reconcile_failures", "Looks at a batch that failed.", "code")
        self.unfinished_batches = self._gauge(
            "unfinished_batches", "Batches without a final status, at the last sweep."
        )
        self.oldest_batch_seconds = self._gauge(
            "oldest_batch_seconds", "Age of the oldest unfinished batch at the last sweep; 0: there is none."
        )
        self.queue_due = self._gauge(
            "queue_due", "Batches whose turn it is and that wait for a worker of the operator."
        )
        self.housekeeping_runs = self._counter(
            "housekeeping_runs", "Runs by result: done, failed, or mismatch (another installation's marker).", "result"
        )
        self.housekeeping_removed = self._counter(
            "housekeeping_removed", "Removed for good: a request, or a stray (objects without a request).", "what"
        )

    def _of_the_api(self) -> None:
        self.http_requests = self._counter("http_requests", "Answers of the API.", "method", "route", "status")
        self.http_seconds = self._seconds("http_seconds", "Time to answer.", _REQUEST_SECONDS, "method", "route")
        self.http_event_streams = self._gauge("http_event_streams", "Event streams that are open.")
        self.http_uploads_replayed = self._counter(
            "http_uploads_replayed", "Uploads answered with the request that an earlier one with their key made."
        )
        self.http_key_file_errors = self._counter(
            "http_key_file_errors", "Readings of the file of API keys that failed; the keys read before stay."
        )

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"imagebatch_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"imagebatch_{name}", text, registry=self.registry)

    def _seconds(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"imagebatch_{name}", text, labels, registry=self.registry, buckets=buckets)
