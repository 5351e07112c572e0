"""POST /requests/{request_id}/cancel and /retry, DELETE /requests/{request_id}: what a caller does to a request."""

from functools import partial

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from imagebatch.model import names
from imagebatch.model.batch import Batch, Reason
from imagebatch.model.errors import Conflict, NotFound
from imagebatch.retry import accept_retry, find_retry
from imagebatch_api.caller import CallerDep
from imagebatch_api.container import Container, ContainerDep
from imagebatch_api.presenting import status_out
from imagebatch_api.request_ids import NamedBatch, RequestId, read_batch, unknown_request
from imagebatch_api.schemas.problems import NAMED, described_headers, problem_answers
from imagebatch_api.schemas.requests import RetryOut, StatusOut

router = APIRouter(tags=["requests"])

_RETRIED = described_headers({"Location": "Where the status of the new request is."})
_NOT_RETRIED = ("not_retryable", "retry_deleted", "retry_in_progress", "store_unavailable")


@router.post(
    "/requests/{request_id}/cancel",
    summary="Cancel a request",
    responses=problem_answers(*NAMED, "already_final"),
)
async def cancel(container: ContainerDep, caller: CallerDep, batch: NamedBatch) -> StatusOut:
    """Stop the work and return at once; what is done is kept and published. Again, it answers the same."""
    if not batch.status.is_final:
        await container.database_calls.run(partial(container.batches.record_cancel, batch.request_id))
        batch = await read_batch(container, caller, batch.request_id)
    if _ended_otherwise(batch):
        raise Conflict(f"The request has ended: {batch.verdict.message}", code="already_final")
    return status_out(batch, container.settings.links)


def _ended_otherwise(batch: Batch) -> bool:
    return batch.status.is_final and batch.verdict.reason is not Reason.CANCELLED


@router.post(
    "/requests/{request_id}/retry",
    summary="Try the failed images again",
    responses={200: _RETRIED, **problem_answers(*NAMED, *_NOT_RETRIED)},
)
async def retry(response: Response, container: ContainerDep, batch: NamedBatch) -> RetryOut:
    """Make a new request of the images that failed; its output holds the others as they are. Again: the same one."""
    find = partial(find_retry, batch, container.batches, container.archive)
    # The store is asked only where work follows: what the database knows is told while the store is away.
    request_id = await container.database_calls.run(find) or await _make_retry(container, batch)
    response.headers["Location"] = f"/status/{request_id}"
    return RetryOut(request_id=request_id)


async def _make_retry(container: Container, batch: Batch) -> str:
    work = partial(
        accept_retry,
        batch,
        store=container.store,
        batches=container.batches,
        archive=container.archive,
        listings=container.listings,
        registry=container.registry,
        clock=container.clock,
    )
    stored = await run_in_threadpool(container.store.head, names.input_key(batch.request_id))
    return await container.turns(stored.size if stored else 0).run(work)


@router.delete(
    "/requests/{request_id}",
    summary="Delete a request",
    status_code=204,
    responses=problem_answers(*NAMED, "not_final"),
)
async def delete(container: ContainerDep, caller: CallerDep, request_id: RequestId) -> None:
    """Forget a request that has ended. Its files go soon, but images that a retry shows stay as long as that does."""
    gone = partial(container.archive.mark_deleted, request_id, caller.owners, container.clock.now())
    try:
        await container.database_calls.run(gone)
    except NotFound:
        raise unknown_request() from None
    except Conflict as error:
        raise Conflict("The request has not ended: cancel it first, or wait.", code="not_final") from error
