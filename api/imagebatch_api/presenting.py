"""From the model to what goes out: requests, images and webhooks as the API shows them. Used by the routes."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from imagebatch_api.links import result_links
from imagebatch_api.schemas.requests import BytesOut, CountsOut, ImageOut, StatusOut
from imagebatch_api.schemas.webhooks import WebhookAttemptOut, WebhookOut

if TYPE_CHECKING:
    from collections.abc import Iterable

    from imagebatch.model.batch import Batch
    from imagebatch.ports import DeliveryAttempt, DeliveryState, SettledSlot
    from imagebatch.settings import LinkSettings
    from imagebatch_api.schemas.webhooks import WebhookState

_IMAGE_FIELDS = set(ImageOut.model_fields) - {"row", "position", "status", "output_url"}


def status_out(batch: Batch, links: LinkSettings) -> StatusOut:
    """Return how a batch stands."""
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
        retry_of=batch.retry_of,
    )


def image_out(slot: SettledSlot) -> ImageOut:
    """Return what became of a slot."""
    outcome = slot.outcome
    return ImageOut(
        row=slot.row,
        position=slot.position,
        status="Succeeded" if outcome.succeeded else "Failed",
        output_url=slot.output_url,
        **{name: getattr(outcome, name) for name in _IMAGE_FIELDS},
    )


def webhook_out(batch: Batch, state: DeliveryState | None, attempts: Iterable[DeliveryAttempt]) -> WebhookOut:
    """Return where a batch's webhook stands; without `state` it is not to be sent yet, or never."""
    url, webhook_id = (state.url, state.webhook_id) if state else (batch.spec.webhook_url, batch.webhook_id)
    return WebhookOut(
        request_id=batch.request_id,
        webhook_id=webhook_id if url else None,
        url=url,
        state=_word(batch, state),
        due_at=state.due_at if state is not None else None,
        attempts=[WebhookAttemptOut(**asdict(attempt)) for attempt in attempts],
    )


def _word(batch: Batch, state: DeliveryState | None) -> WebhookState:
    if state is None:
        return "Waiting" if batch.spec.webhook_url and not batch.status.is_final else "None"
    if state.due_at is not None:
        return "Pending"
    return "Delivered" if state.delivered_at is not None else "GivenUp"
