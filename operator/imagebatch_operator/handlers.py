"""What kopf watches: each event puts a request id on the work queue, and nothing else happens here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import kopf

from imagebatch_operator.job_manifest import SELECTOR
from imagebatch_operator.watch_health import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

RESOURCE = ("imagebatch.io", "v1alpha1", "imagebatches")
JOB = ("batch", "v1", "jobs")
SERVER_SECONDS = 240  # a watch is asked for so long, in whole seconds, and then opened anew
CONNECT_SECONDS = 10.0
REQUEST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Ears:
    """Whom events are told: `resource` and `job` get the object and whether it was deleted. None of it may block.

    `start` and `stop` run the rest of the operator; `silent_seconds` says how long the watch has missed something,
    `is_working` whether that rest still runs.
    """

    resource: Callable[[dict[str, Any], bool], None]
    job: Callable[[dict[str, Any], bool], None]
    start: Callable[[], None]
    stop: Callable[[], None]
    silent_seconds: Callable[[], float]
    is_working: Callable[[], bool]


def make_registry(ears: Ears) -> kopf.OperatorRegistry:
    """Return the handlers. None of them changes an object: no finalizers, no annotations."""
    registry = kopf.OperatorRegistry()

    @kopf.on.startup(registry=registry)
    async def start(settings: kopf.OperatorSettings, **_: Any) -> None:
        configure(settings)
        ears.start()

    @kopf.on.cleanup(registry=registry)
    async def stop(**_: Any) -> None:
        await asyncio.to_thread(ears.stop)

    @kopf.on.login(registry=registry)
    async def login(**kwargs: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(**kwargs)

    @kopf.on.event(*RESOURCE, registry=registry)
    async def resource(event: kopf.RawEvent, **_: Any) -> None:
        ears.resource(dict(event["object"]), event["type"] == "DELETED")

    @kopf.on.event(*JOB, registry=registry)
    async def job(event: kopf.RawEvent, **_: Any) -> None:
        ears.job(dict(event["object"]), event["type"] == "DELETED")

    @kopf.on.probe(registry=registry, errors=kopf.ErrorsMode.PERMANENT)
    async def alive(**_: Any) -> bool:
        if not ears.is_working():
            raise kopf.PermanentError("the work queue has ended")
        if (silent := ears.silent_seconds()) > PATIENCE_SECONDS:
            raise kopf.PermanentError(f"the watch has missed something for {silent:.0f} s")
        return True

    return registry


def configure(settings: kopf.OperatorSettings) -> None:
    """Set how kopf watches: few Jobs of all there are, streams that end, nothing beyond our namespace."""
    settings.watching.label_selectors["batch", "v1", "jobs"] = SELECTOR
    settings.watching.server_timeout = SERVER_SECONDS
    settings.watching.client_timeout = SERVER_SECONDS + CONNECT_SECONDS
    settings.watching.connect_timeout = CONNECT_SECONDS
    settings.networking.request_timeout = REQUEST_SECONDS
    settings.scanning.disabled = True  # it would need leave to watch resource definitions and namespaces
    settings.posting.enabled = False  # events are told by the registry, after the status is written
