"""GET /requests/{request_id}/webhook and POST …/webhook/redeliver: where the webhook stands, and sending it again."""

from functools import partial

from fastapi import APIRouter, Response

from imagebatch.model.batch import Batch
from imagebatch.model.errors import Conflict
from imagebatch_api.container import Container, ContainerDep
from imagebatch_api.presenting import webhook_out
from imagebatch_api.request_ids import NamedBatch
from imagebatch_api.schemas.problems import NAMED, problem_answers
from imagebatch_api.schemas.webhooks import WebhookOut

router = APIRouter(tags=["webhooks"])


@router.get("/requests/{request_id}/webhook", summary="The webhook of a request", responses=problem_answers(*NAMED))
async def webhook(response: Response, container: ContainerDep, batch: NamedBatch) -> WebhookOut:
    """Return where the webhook stands and every try of it."""
    response.headers["Cache-Control"] = "no-store"
    return await container.database_calls.run(partial(_webhook, container, batch))


@router.post(
    "/requests/{request_id}/webhook/redeliver",
    summary="Send the webhook again",
    status_code=202,
    responses=problem_answers(*NAMED, "no_webhook"),
)
async def redeliver(container: ContainerDep, batch: NamedBatch) -> WebhookOut:
    """Have the webhook sent now, delivered or not, with the same id and body, and by a new schedule if it fails."""
    return await container.database_calls.run(partial(_redelivered, container, batch))


def _redelivered(container: Container, batch: Batch) -> WebhookOut:
    if not container.deliveries.redeliver(batch.request_id, container.clock.now()):
        raise Conflict("There is nothing to send: the request has no receiver or has not ended.", code="no_webhook")
    return _webhook(container, batch)


def _webhook(container: Container, batch: Batch) -> WebhookOut:
    deliveries = container.deliveries
    return webhook_out(batch, deliveries.state(batch.request_id), deliveries.attempts(batch.request_id))
