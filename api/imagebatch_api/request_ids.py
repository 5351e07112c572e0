"""The request that a path names, if the caller may see it. Used by every route that names one."""

from functools import partial
from typing import Annotated

from fastapi import Depends, Path

from imagebatch.model.batch import Batch
from imagebatch.model.errors import NotFound
from imagebatch.model.request_ids import is_request_id
from imagebatch.telemetry import from_now_about
from imagebatch_api.caller import Caller, CallerDep
from imagebatch_api.container import Container, ContainerDep


def unknown_request() -> NotFound:
    """Return the error for an id that names no request of the caller, whatever the reason."""
    return NotFound("There is no such request.")


async def request_id_in_path(request_id: Annotated[str, Path(description="Id that the upload answered.")]) -> str:
    """Return the id. Raises NotFound for what can be none, so that it never reaches a query or a key."""
    if not is_request_id(request_id):
        raise unknown_request()
    from_now_about(request_id)
    return request_id


RequestId = Annotated[str, Depends(request_id_in_path)]


async def read_batch(container: Container, caller: Caller, request_id: str) -> Batch:
    """Return the batch as it is now. Raises NotFound unless it is the caller's; Unavailable."""
    try:
        return await container.database_calls.run(partial(container.batches.get, request_id, caller.owners))
    except NotFound:
        raise unknown_request() from None


async def named_batch(container: ContainerDep, caller: CallerDep, request_id: RequestId) -> Batch:
    """Return the caller's batch that the path names."""
    return await read_batch(container, caller, request_id)


NamedBatch = Annotated[Batch, Depends(named_batch)]
