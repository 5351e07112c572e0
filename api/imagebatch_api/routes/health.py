"""GET /livez, /readyz and /metrics, for whatever runs the service.

Coroutines, dependencies included: the threads may all be waiting for a database or a store that hangs.
"""

from collections.abc import Callable

import anyio
import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import APIRouter, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from imagebatch.model.errors import Unavailable
from imagebatch_api.container import ContainerDep
from imagebatch_api.schemas.health import DependencyOut, LiveOut, ReadyOut

router = APIRouter(tags=["health"])

CHECK_SECONDS = 3.0


@router.get("/livez", summary="The process answers")
async def livez() -> LiveOut:
    """Return at once, whatever the state of database and store: a restart would not mend them."""
    return LiveOut(status="alive")


@router.get("/readyz", summary="Uploads can be accepted", responses={503: {"model": ReadyOut}})
async def readyz(response: Response, container: ContainerDep) -> ReadyOut:
    """Ask database and store, both at once; 503 when one of them cannot be used."""
    checks = {"database": container.batches.check, "store": container.store.check}
    messages: dict[str, str | None] = {}

    async def ask(name: str) -> None:
        messages[name] = await _fault(checks[name], container.check_slots)

    async with anyio.create_task_group() as tasks:
        for name in checks:
            tasks.start_soon(ask, name)
    found = [DependencyOut(name=name, ready=messages[name] is None, message=messages[name]) for name in checks]
    ready = all(each.ready for each in found)
    response.status_code = 200 if ready else 503
    response.headers["Cache-Control"] = "no-store"
    return ReadyOut(ready=ready, dependencies=found)


async def _fault(check: Callable[[], None], slots: CapacityLimiter) -> str | None:
    """Return what is wrong with a dependency. A check that hangs is left to its own time limit."""
    with anyio.move_on_after(CHECK_SECONDS):
        try:
            await anyio.to_thread.run_sync(check, abandon_on_cancel=True, limiter=slots)
        except Unavailable as error:
            return error.message
        return None
    return f"no answer in {CHECK_SECONDS:g} seconds"


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
async def metrics(container: ContainerDep) -> Response:
    """Return the process's metrics in the text format of Prometheus."""
    return Response(generate_latest(container.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
