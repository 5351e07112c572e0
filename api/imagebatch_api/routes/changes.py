"""POST /requests/{request_id}/cancel, /suspend, /resume and /retry, and DELETE: what a caller does to a request."""

import logging
from dataclasses import replace
from functools import partial

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from imagebatch.model import names
from imagebatch.model.batch import Batch, Reason, Status
from imagebatch.model.errors import Conflict, NotFound, Refused, Unavailable
from imagebatch.model.status import live_verdict
from imagebatch.retry import accept_retry, find_retry
from imagebatch_api.caller import Caller, CallerDep
from imagebatch_api.container import Container, ContainerDep
from imagebatch_api.declaring import begin_to_declare
from imagebatch_api.presenting import status_out
from imagebatch_api.request_ids import NamedBatch, RequestId, read_batch, unknown_request
from imagebatch_api.schemas.problems import NAMED, described_headers, problem_answers
from imagebatch_api.schemas.requests import RetryOut, StatusOut

router = APIRouter(tags=["requests"])

_RETRIED = described_headers({"Location": "Where the status of the new request is."})
_NOT_RESTED = ("already_final", "cluster_refused", "cluster_unavailable")
_NOT_RETRIED = ("not_retryable", "retry_deleted", "retry_in_progress", "store_unavailable")

log = logging.getLogger(__name__)


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
    if batch.status.is_final and batch.verdict.reason is not Reason.CANCELLED:
        raise _already_final(batch)
    return status_out(batch, container.settings.links)


def _already_final(batch: Batch) -> Conflict:
    return Conflict(f"The request has ended: {batch.verdict.message}", code="already_final")


@router.post(
    "/requests/{request_id}/suspend",
    summary="Suspend a request",
    responses=problem_answers(*NAMED, *_NOT_RESTED),
)
async def suspend(container: ContainerDep, caller: CallerDep, batch: NamedBatch) -> StatusOut:
    """Let the work rest until it is resumed; what is done is kept, and the deadline waits. Again: the same."""
    return await _let_rest(container, caller, batch, suspended=True)


@router.post(
    "/requests/{request_id}/resume",
    summary="Resume a request",
    responses=problem_answers(*NAMED, *_NOT_RESTED),
)
async def resume(container: ContainerDep, caller: CallerDep, batch: NamedBatch) -> StatusOut:
    """Let a suspended request go on with what is not done; one that was not suspended goes on as it did."""
    return await _let_rest(container, caller, batch, suspended=False)


async def _let_rest(container: Container, caller: Caller, batch: Batch, *, suspended: bool) -> StatusOut:
    if not batch.status.is_final:
        await container.registry_calls.run(partial(_tell_registry, container, batch, suspended))
        await container.database_calls.run(partial(_show, container, batch, suspended))
        batch = await read_batch(container, caller, batch.request_id)
    if batch.status.is_final:
        raise _already_final(batch)
    return status_out(batch, container.settings.links)


def _tell_registry(container: Container, batch: Batch, suspended: bool) -> None:
    """Say it where the batch is declared. What a cluster answers names accounts and addresses: that is for the log."""
    try:
        container.registry.suspend(batch, suspended=suspended)
    except Refused as error:
        log.exception("the cluster refused")
        raise Refused("The cluster does not let the service do it.") from error
    except Unavailable as error:
        if error.dependency == "cluster":
            log.warning("no answer of the cluster: %s", error)
            raise Unavailable("the cluster does not answer", dependency="cluster") from error
        raise


def _show(container: Container, batch: Batch, suspended: bool) -> None:
    """Show it at once; the operator's next look shows what became of it."""
    if (batch.verdict.reason is Reason.SUSPENDED) is suspended:
        return
    intent, started = replace(batch.intent, suspend=suspended), batch.status is Status.PROCESSING
    verdict = live_verdict(batch.progress.counts, intent, started=started, has_job=True)
    container.batches.record_progress(batch.request_id, verdict, batch.progress, container.clock.now())


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
    request_id = await container.turns(stored.size if stored else 0).run(work)
    begin_to_declare(container, request_id)
    return request_id


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
