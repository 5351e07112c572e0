"""GET /livez, /readyz and /metrics, for whatever runs the service.

Coroutines, dependencies included: the threads may all be waiting for a database or a store that hangs.
"""

import asyncio
from collections.abc import Callable

from fastapi import APIRouter, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from imagebatch.model.errors import Unavailable
from imagebatch_api.calls import BoundedCalls
from imagebatch_api.container import ContainerDep
from imagebatch_api.schemas.health import DependencyOut, LiveOut, ReadyOut

router = APIRouter(tags=["health"])


@router.get("/livez", summary="The process answers")
async def livez() -> LiveOut:
    """Return at once, whatever the state of database and store: a restart would not mend them."""
    return LiveOut(status="alive")


@router.get("/readyz", summary="Uploads can be accepted", responses={503: {"model": ReadyOut}})
async def readyz(response: Response, container: ContainerDep) -> ReadyOut:
    """Ask database and store, both at once; 503 when one of them cannot be used."""
    asked = (
        _asked("database", container.database_checks, container.batches.check),
        _asked("store", container.store_checks, container.store.check),
    )
    found = list(await asyncio.gather(*asked))
    ready = all(each.ready for each in found)
    response.status_code = 200 if ready else 503
    response.headers["Cache-Control"] = "no-store"
    return ReadyOut(ready=ready, dependencies=found)


async def _asked(name: str, calls: BoundedCalls, check: Callable[[], None]) -> DependencyOut:
    """Return what a dependency says of itself. A check that hangs is left to its own time limit."""
    try:
        await calls.run(check)
    except Unavailable as error:
        return DependencyOut(name=name, ready=False, message=error.message)
    return DependencyOut(name=name, ready=True, message=None)


@router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
async def metrics(container: ContainerDep) -> Response:
    """Return the process's metrics in the text format of Prometheus."""
    return Response(generate_latest(container.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
