"""How requests and their images stand."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - Pydantic reads the annotations
from typing import Literal

from pydantic import BaseModel, Field

from imagebatch.model.batch import Reason, Status
from imagebatch_api.schemas.examples import EXAMPLE_ID, EXAMPLE_PAGE, EXAMPLE_RESULTS


class CountsOut(BaseModel):
    """Slots of the output: a URL used three times counts three. total = pending + succeeded + failed."""

    total: int = Field(examples=[1_200])
    pending: int = Field(examples=[300])
    succeeded: int = Field(examples=[880])
    failed: int = Field(examples=[20])


class BytesOut(BaseModel):
    """Bytes of the distinct images that succeeded."""

    input: int = Field(description="Before.", examples=[210_000_000])
    output: int = Field(description="After.", examples=[96_000_000])
    saved: int = Field(description="input - output.", examples=[114_000_000])


class StatusOut(BaseModel):
    """How a request stands."""

    request_id: str = Field(examples=[EXAMPLE_ID])
    status: Status = Field(description="One of four words; it never goes back.", examples=[Status.COMPLETED])
    reason: Reason = Field(description="Why the status is what it is, for programs.", examples=["PartiallySucceeded"])
    message: str = Field(description="The same for people.", examples=["1180 of 1200 images succeeded, 20 failed."])
    result_url: str | None = Field(
        description="The output CSV; null until it exists.", examples=[f"{EXAMPLE_RESULTS}/output.csv?t=…"]
    )
    errors_url: str | None = Field(
        description="The failed images as CSV; null until it exists.", examples=[f"{EXAMPLE_RESULTS}/errors.csv?t=…"]
    )
    report_url: str | None = Field(
        description="All that is known of each image; null until it exists.",
        examples=[f"{EXAMPLE_RESULTS}/report.json?t=…"],
    )
    counts: CountsOut
    bytes: BytesOut
    created_at: datetime = Field(description="When the request was accepted.")
    started_at: datetime | None = Field(description="When the first shard ran; null before.")
    finished_at: datetime | None = Field(description="When the status became final; null before.")
    retry_of: str | None = Field(description="The request whose failed images this one tries again; null if none.")


class RequestsOut(BaseModel):
    """A page of requests, the newest first."""

    requests: list[StatusOut]
    next_page_token: str | None = Field(
        description="Where the next page begins; null at the end.", examples=[EXAMPLE_PAGE]
    )


class ImageOut(BaseModel):
    """What became of one slot of the output. What is not known is null; sizes are as displayed, in pixels."""

    row: int = Field(description="Row of the CSV, from 0.", examples=[0])
    position: int = Field(description="Place of the URL in its row, from 0.", examples=[1])
    status: Literal["Succeeded", "Failed"]
    url: str = Field(description="The input image.", examples=["https://shop.example.com/chair.jpg"])
    output_url: str | None = Field(
        description="The output image; null if it failed.", examples=[f"{EXAMPLE_RESULTS}/images/1.jpg?t=…"]
    )
    code: str | None = Field(description="Why it failed; null if it succeeded.", examples=["http_404"])
    message: str | None = Field(description="The same for people.", examples=["The server answered 404."])
    attempts: int = Field(description="How often it was fetched.", examples=[1])
    milliseconds: int = Field(description="How long it took.", examples=[140])
    bytes_in: int | None = Field(examples=[210_000])
    bytes_out: int | None = Field(examples=[96_000])
    sha256: str | None = Field(description="Of the output's bytes.", examples=["9f86d081884c7d65…"])
    format_in: str | None = Field(examples=["JPEG"])
    format_out: str | None = Field(examples=["JPEG"])
    width_in: int | None = Field(examples=[1_600])
    height_in: int | None = Field(examples=[1_200])
    width_out: int | None = Field(examples=[1_600])
    height_out: int | None = Field(examples=[1_200])
    quality: int | None = Field(description="Quality that it was written with.", examples=[50])
    kept_original: bool = Field(description="The input's bytes were kept, since encoding made them larger.")


class ImagesOut(BaseModel):
    """A page of a request's slots, in order of row and position. Empty until the request has ended."""

    images: list[ImageOut]
    next_page_token: str | None = Field(
        description="Where the next page begins; null at the end.", examples=[EXAMPLE_PAGE]
    )


class RetryOut(BaseModel):
    """A request that tries the failed images of another one again."""

    request_id: str = Field(
        description="Names the new request; the same however often it is asked for.", examples=[EXAMPLE_ID]
    )
