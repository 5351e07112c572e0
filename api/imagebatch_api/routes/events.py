"""GET /status/{request_id}/events: how a request stands, told at every change, as Server-Sent Events (WHATWG HTML)."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.sse import EventSourceResponse, ServerSentEvent

from imagebatch.model.batch import Batch
from imagebatch_api.container import ContainerDep
from imagebatch_api.presenting import status_out
from imagebatch_api.request_ids import NamedBatch
from imagebatch_api.schemas.problems import NAMED, described_headers, problem_answers

router = APIRouter(tags=["requests"])

RECONNECT_MILLISECONDS = 2_000
EVENT = "status"
PATH_END = "/events"
_DATA = {"contentMediaType": "application/json", "contentSchema": {"$ref": "#/components/schemas/StatusOut"}}
_STREAM = {
    "description": "Events `status`, each with the answer of `/status/{request_id}` as its data, the last one final.",
    "content": {"text/event-stream": {"itemSchema": {"properties": {"data": _DATA}}}},
    **described_headers({"Cache-Control": "`no-cache`.", "X-Accel-Buffering": "`no`: nginx passes events on at once."}),
}


async def changes(container: ContainerDep, batch: NamedBatch) -> AsyncIterator[AsyncIterator[Batch]]:
    """Hold a place among those that watch, for as long as the answer is being sent."""
    with container.watch.watching(batch) as found, container.metrics.http_event_streams.track_inprogress():
        yield found


@router.get(
    "/status/{request_id}" + PATH_END,
    summary="Every change of a request",
    response_class=EventSourceResponse,
    responses={200: _STREAM, **problem_answers(*NAMED, "too_many_streams")},
)
async def events(
    container: ContainerDep, changes: Annotated[AsyncIterator[Batch], Depends(changes)]
) -> AsyncIterator[ServerSentEvent]:
    """Send the status now and at every change, and end after the final one. Counts never go back.

    While nothing changes a comment is sent every 15 seconds. When the service restarts the stream breaks off: connect
    again, and it begins with the status as it is then.
    """
    retry: int | None = RECONNECT_MILLISECONDS
    async for batch in changes:
        yield ServerSentEvent(event=EVENT, data=status_out(batch, container.settings.links), retry=retry)
        retry = None
