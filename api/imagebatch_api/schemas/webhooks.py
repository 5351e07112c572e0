"""How the webhook of a request stands."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - Pydantic reads the annotations
from typing import Literal

from pydantic import BaseModel, Field

from imagebatch_api.schemas.examples import EXAMPLE_ID

WebhookState = Literal["None", "Waiting", "Pending", "Delivered", "GivenUp"]


class WebhookAttemptOut(BaseModel):
    """One try: the status that was answered, or the error that stood in its way."""

    number: int = Field(description="Counts from 1.", examples=[1])
    started_at: datetime
    milliseconds: int = Field(description="How long it took.", examples=[85])
    http_status: int | None = Field(description="What the receiver answered; null if nothing.", examples=[204])
    error: str | None = Field(description="What stood in the way; null if nothing.", examples=["timeout"])


class WebhookOut(BaseModel):
    """Where a request's webhook stands, with every try, the oldest first."""

    request_id: str = Field(examples=[EXAMPLE_ID])
    webhook_id: str | None = Field(
        description="The header `webhook-id`, the same of every try; null without a receiver.",
        examples=[f"msg_{EXAMPLE_ID}"],
    )
    url: str | None = Field(
        description="The receiver; null if there is none.", examples=["https://shop.example.com/hooks/images"]
    )
    state: WebhookState = Field(
        description="`None`: no receiver. `Waiting`: for the request's end. `Pending`: to be sent, or sent again.",
        examples=["Delivered"],
    )
    due_at: datetime | None = Field(description="When it is sent next; null if it is not.")
    attempts: list[WebhookAttemptOut]
