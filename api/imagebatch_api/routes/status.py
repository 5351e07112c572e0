"""GET /status/{request_id}: how a request stands, read from its row."""

from fastapi import APIRouter, Response

from imagebatch_api.container import ContainerDep
from imagebatch_api.presenting import status_out
from imagebatch_api.request_ids import NamedBatch
from imagebatch_api.schemas.problems import NAMED, described_headers, problem_answers
from imagebatch_api.schemas.requests import StatusOut

router = APIRouter(tags=["requests"])

RETRY_AFTER_SECONDS = 1
_HEADERS = described_headers({"Retry-After": "Seconds to wait; only while unfinished.", "Cache-Control": "`no-store`."})


@router.get(
    "/status/{request_id}", summary="How a request stands", responses={200: _HEADERS, **problem_answers(*NAMED)}
)
async def status(response: Response, container: ContainerDep, batch: NamedBatch) -> StatusOut:
    """Return status, live counts and, once they exist, the links to the results."""
    response.headers["Cache-Control"] = "no-store"
    if not batch.status.is_final:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return status_out(batch, container.settings.links)
