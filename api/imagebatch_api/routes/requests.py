"""GET /requests and /requests/{request_id}/images: lists, page by page."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from imagebatch.model.batch import Status
from imagebatch_api.caller import CallerDep
from imagebatch_api.container import ContainerDep
from imagebatch_api.page_tokens import MAX_TOKEN_LENGTH, request_of, request_token, slot_of, slot_token
from imagebatch_api.presenting import image_out, status_out
from imagebatch_api.request_ids import NamedBatch
from imagebatch_api.schemas.problems import ASKED, NAMED, described_headers, problem_answers
from imagebatch_api.schemas.requests import ImagesOut, RequestsOut

router = APIRouter(tags=["requests"])

PageToken = Annotated[
    str | None,
    Query(description="`next_page_token` of the page before; leave it out for the first.", max_length=MAX_TOKEN_LENGTH),
]
_LISTED = ("invalid_request", "invalid_page_token")
_PAGE = described_headers({"Cache-Control": "`no-store`."})


@router.get("/requests", summary="Your requests", responses={200: _PAGE, **problem_answers(*ASKED, *_LISTED)})
async def requests(
    response: Response,
    container: ContainerDep,
    caller: CallerDep,
    status: Annotated[list[Status], Query(description="Only those; may be given several times.")] = [],  # noqa: B006
    page_size: Annotated[int, Query(description="Requests on a page.", ge=1, le=100)] = 20,
    page_token: PageToken = None,
) -> RequestsOut:
    """Return requests with how they stand, the newest first. What is made meanwhile does not shift the pages."""
    response.headers["Cache-Control"] = "no-store"
    asked = partial(
        container.listings.newest, caller.owners, frozenset(status), request_of(page_token), limit=page_size + 1
    )
    found = await container.database_calls.run(asked)
    page = found[:page_size]
    return RequestsOut(
        requests=[status_out(batch, container.settings.links) for batch in page],
        next_page_token=request_token(page[-1].created_at, page[-1].request_id) if found[page_size:] else None,
    )


@router.get(
    "/requests/{request_id}/images",
    summary="The images of a request",
    responses={200: _PAGE, **problem_answers(*NAMED, *_LISTED)},
)
async def images(
    response: Response,
    container: ContainerDep,
    batch: NamedBatch,
    status: Annotated[Literal["Succeeded", "Failed"] | None, Query(description="Only those.")] = None,
    code: Annotated[
        str | None, Query(description="Only those that failed with this code.", pattern="^[a-z0-9_]{1,50}$")
    ] = None,
    page_size: Annotated[int, Query(description="Images on a page.", ge=1, le=1_000)] = 100,
    page_token: PageToken = None,
) -> ImagesOut:
    """Return every slot of the output with what became of it, by row and position; none before the end."""
    response.headers["Cache-Control"] = "no-store"
    asked = partial(
        container.listings.slots,
        batch.request_id,
        succeeded=None if status is None else status == "Succeeded",
        code=code,
        after=slot_of(page_token),
        limit=page_size + 1,
    )
    found = await container.database_calls.run(asked)
    page = found[:page_size]
    return ImagesOut(
        images=[image_out(slot) for slot in page],
        next_page_token=slot_token(page[-1].row, page[-1].position) if found[page_size:] else None,
    )
