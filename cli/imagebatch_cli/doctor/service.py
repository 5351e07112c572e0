"""The service: whether it answers, what it says of its dependencies, its clock, and whether it knows the API key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from imagebatch_cli.doctor.finding import Finding, failure, ok, warning
from imagebatch_cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imagebatch_cli.client import ServiceClient

CLOCK_SECONDS = 5.0
HALF_A_SECOND = timedelta(seconds=0.5)
DEPENDENCY_ADVICE = {
    "database": "Is Postgres running and IMAGEBATCH_DATABASE_URL right? The log of the API says more.",
    "store": "Is the S3 service running, and are IMAGEBATCH_S3_ENDPOINT, its keys and the bucket right?",
}


def service_findings(client: ServiceClient) -> Iterator[Finding]:
    """Yield what is so of the service; where it does not answer, only that."""
    before = datetime.now(UTC)
    try:
        readiness = client.readiness()
    except CommandError as error:
        yield failure("service", error.message, error.hint or "Check --url or IMAGEBATCH_URL.")
        return
    after = datetime.now(UTC)
    if readiness.ready:
        yield ok("service", f"{client.url} is ready")
    else:
        yield failure("service", f"{client.url} answers but is not ready", "Mend what is named below.")
    for name, wrong in readiness.dependencies.items():
        yield ok(name, "usable") if wrong is None else failure(name, wrong, DEPENDENCY_ADVICE.get(name, "See its log."))
    yield clock_finding(readiness.date, before + (after - before) / 2)
    if readiness.ready:
        yield _key_finding(client)


def clock_finding(service: datetime | None, here: datetime) -> Finding:
    """Compare the service's clock, told in whole seconds, with this machine's."""
    if service is None:
        return warning("clock", "the service does not tell its time", "A proxy may drop the header Date.")
    ahead = (service + HALF_A_SECOND - here).total_seconds()
    if abs(ahead) <= CLOCK_SECONDS:
        return ok("clock", f"as the service's, to {CLOCK_SECONDS:g} seconds")
    return warning(
        "clock",
        f"the service's clock is {abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'} this machine's",
        "Set both by NTP: webhook signatures carry the time, and receivers refuse those that are minutes off.",
    )


def _key_finding(client: ServiceClient) -> Finding:
    try:
        list(client.batches((), most=1))
    except CommandError as error:
        return failure("access", error.message, error.hint or "The log of the API says more.")
    return ok("access", "the service lists your batches")
