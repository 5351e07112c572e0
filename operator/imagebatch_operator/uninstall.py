"""`python -m imagebatch_operator.uninstall SELECTOR`: end the Jobs that a release leaves behind.

The chart's hook runs it at the end of `helm uninstall`. The selector is that of the operator's pods: they have to be
gone first, as an operator makes its Jobs anew.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from imagebatch.clock import SystemClock
from imagebatch.cluster import connect
from imagebatch.cluster.client import JOBS, PODS
from imagebatch.cluster.resource import is_going
from imagebatch.model.errors import ImageBatchError, Misconfigured
from imagebatch.settings import UninstallSettings, load
from imagebatch.telemetry import configure_logging
from imagebatch_operator.job_manifest import SELECTOR, still_there

if TYPE_CHECKING:
    from imagebatch.cluster import Cluster
    from imagebatch.ports import Clock

MISCONFIGURED_EXIT = 2
PATIENCE_SECONDS = 60.0  # an operator has 30 to stop, and processors have 20
PAUSE_SECONDS = 1.0

log = logging.getLogger(__name__)


def main() -> int:
    """End the Jobs; return the exit code: 0 when none is left, 1 when one is, 2 for wrong settings."""
    [operator] = sys.argv[1:]
    try:
        settings = load(UninstallSettings, os.environ)
        if not settings.cluster.namespace:
            raise Misconfigured("IMAGEBATCH_NAMESPACE is not set: the namespace that the release was in")
        configure_logging(settings.log_format, "uninstall")
        cluster = connect(settings.cluster.namespace)
    except Misconfigured as error:
        print(f"imagebatch_operator.uninstall: {error.message}", file=sys.stderr)  # noqa: T201 - as in the operator
        return MISCONFIGURED_EXIT
    return 0 if end_jobs(cluster, operator, SystemClock()) else 1


def end_jobs(cluster: Cluster, operator: str, clock: Clock) -> bool:
    """Delete every Job of a batch, and wait for their pods to go; return whether all of them went in time."""
    patience_ends, said = clock.monotonic() + PATIENCE_SECONDS, ""
    while left := _left(cluster, operator):
        if clock.monotonic() >= patience_ends:
            log.error("gave up after %d s, waiting for %s", PATIENCE_SECONDS, left)
            return False
        if left != said:
            log.info("waiting for %s", left)
            said = left
        clock.sleep(PAUSE_SECONDS)
    log.info("no Job of a batch is left; the batches themselves stay")
    return True


def _left(cluster: Cluster, operator: str) -> str:
    """Delete what may be deleted, and return in words what has to go yet; nothing when all is gone."""
    try:
        if still_there(cluster.list(PODS, operator)):
            return "the operator to stop"
        jobs = list(cluster.list(JOBS, SELECTOR))
        for job in jobs:
            if not is_going(job):
                cluster.delete(JOBS, job["metadata"]["name"])
                log.info("deleted the Job %s", job["metadata"]["name"])
        pods = list(cluster.list(PODS, SELECTOR))
    except ImageBatchError as error:  # a Role that was made just now may not be known to every API server yet
        return f"the API server: {error}"
    return f"{len(jobs)} Jobs and {len(pods)} pods to go" if jobs or pods else ""


if __name__ == "__main__":
    sys.exit(main())
