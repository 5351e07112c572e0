"""GET /status/{request_id}: how a request stands, read from its row."""

from dataclasses import asdict

from fastapi import APIRouter, Response

from imagebatch.model.batch import Batch
from imagebatch.model.errors import NotFound
from imagebatch.settings import LinkSettings
from imagebatch_api.caller import CallerDep
from imagebatch_api.container import ContainerDep
from imagebatch_api.links import result_links
from imagebatch_api.request_ids import RequestId, unknown_request
from imagebatch_api.schemas import BytesOut, CountsOut, StatusOut, problem_answers

router = APIRouter(tags=["requests"])

RETRY_AFTER_SECONDS = 1
_HEADERS = {"Retry-After": {"description": "Seconds to wait; only while unfinished.", "schema": {"type": "integer"}}}


@router.get(
    "/status/{request_id}",
    summary="How a request stands",
    responses={200: {"headers": _HEADERS}, **problem_answers(404, 503)},
)
def status(response: Response, container: ContainerDep, caller: CallerDep, request_id: RequestId) -> StatusOut:
    """Return status, live counts and, once they exist, the links to the results."""
    try:
        batch = container.batches.get(request_id, caller.owners)
    except NotFound:
        raise unknown_request() from None
    response.headers["Cache-Control"] = "no-store"
    if not batch.status.is_final:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return status_out(batch, container.settings.links)


def status_out(batch: Batch, links: LinkSettings) -> StatusOut:
    """Return a batch as the API shows it."""
    counts, sizes = batch.progress.counts, batch.progress.bytes
    return StatusOut(
        request_id=batch.request_id,
        status=batch.status,
        reason=batch.verdict.reason,
        message=batch.verdict.message,
        **asdict(result_links(batch, links)),
        counts=CountsOut(total=counts.total, pending=counts.pending, succeeded=counts.succeeded, failed=counts.failed),
        bytes=BytesOut(input=sizes.input, output=sizes.output, saved=sizes.saved),
        created_at=batch.created_at,
        started_at=batch.started_at,
        finished_at=batch.finished_at,
    )
