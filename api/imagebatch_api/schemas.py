"""What goes in and out over REST, with the descriptions and examples that OpenAPI shows. Used by the routes."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - Pydantic reads the annotations
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from imagebatch.model.batch import MAX_SIDE_PIXELS, Metadata, OutputFormat, OutputOptions, Reason, Status
from imagebatch_api.problems import PROBLEMS

MAX_WEBHOOK_URL_LENGTH = 2_048
EXAMPLE_ID = "7b0c3f0e-5d0a-4c55-9d0e-3d9b7e1f6a11"
EXAMPLE_RESULTS = f"https://images.example.com/results/{EXAMPLE_ID}"


def _in_any_case(words: type[OutputFormat] | type[Metadata]) -> BeforeValidator:
    known = {word.value.lower(): word.value for word in words}
    return BeforeValidator(lambda given: known.get(given.strip().lower(), given) if isinstance(given, str) else given)


def _webhook_url(url: str) -> str:
    """Raise ValueError unless a webhook can be sent there. Which addresses may be reached is checked when it is."""
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ValueError("must not hold spaces or control characters")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must begin with http:// or https:// and name a host")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password")
    _ = parts.port  # raises ValueError itself
    return url


class UploadOptionsIn(BaseModel):
    """How a batch's images are written and who is told of its end. Query parameters or form fields; a field wins."""

    model_config = ConfigDict(extra="forbid")

    format: Annotated[OutputFormat, _in_any_case(OutputFormat)] = Field(
        OutputFormat.AUTO, description="Format of the output images; `Auto` keeps the input's where it can be written."
    )
    quality: int = Field(50, ge=1, le=100, description="Quality on the JPEG scale, 1 to 100.")
    max_width: int | None = Field(
        None, ge=1, le=MAX_SIDE_PIXELS, description="Wider images are scaled down to it, in pixels."
    )
    max_height: int | None = Field(
        None, ge=1, le=MAX_SIDE_PIXELS, description="Taller images are scaled down to it, in pixels."
    )
    metadata: Annotated[Metadata, _in_any_case(Metadata)] = Field(
        Metadata.STRIP, description="What happens to EXIF and XMP; position and thumbnail never stay."
    )
    never_larger: bool = Field(True, description="Keep the input's bytes where encoding would make the file larger.")
    webhook_url: Annotated[str, AfterValidator(_webhook_url)] | None = Field(
        None,
        max_length=MAX_WEBHOOK_URL_LENGTH,
        description="Where the end of the batch is told by POST; http or https, without user name and password.",
        examples=["https://shop.example.com/hooks/images"],
    )
    dry_run: bool = Field(False, description="Only check the CSV: answer counts and the plan, store nothing.")

    def output(self) -> OutputOptions:
        """Return the output options."""
        names = ("format", "quality", "max_width", "max_height", "metadata", "never_larger")
        return OutputOptions(**{name: getattr(self, name) for name in names})


class UploadFormIn(UploadOptionsIn):
    """The form of an upload: the CSV with its options. Only described; `receive` reads it while it streams."""

    file: str = Field(description="The CSV.", json_schema_extra={"format": "binary"})


class UploadOut(BaseModel):
    """An accepted upload."""

    request_id: str = Field(description="Names the request from now on.", examples=[EXAMPLE_ID])


class PlanOut(BaseModel):
    """How the work of a valid CSV would be cut."""

    shards: int = Field(description="Parts that are worked on independently.", examples=[5])
    images_per_shard: int = Field(description="Images of the largest shard.", examples=[200])
    parallelism: int = Field(description="Shards that run at once.", examples=[4])


class DryRunOut(BaseModel):
    """A valid CSV that was only checked."""

    dry_run: Literal[True] = Field(description="Always true: nothing was stored.")
    rows: int = Field(description="Rows of the CSV.", examples=[400])
    slots: int = Field(description="Image URLs in all rows; what `counts.total` would be.", examples=[1_200])
    images: int = Field(description="Distinct image URLs; each is fetched once.", examples=[1_000])
    plan: PlanOut


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


class DependencyOut(BaseModel):
    """One thing that the service needs."""

    name: str = Field(examples=["database"])
    ready: bool
    message: str | None = Field(description="What is wrong; null when nothing is.")


class ReadyOut(BaseModel):
    """Whether the service can accept uploads."""

    ready: bool
    dependencies: list[DependencyOut]


class LiveOut(BaseModel):
    """The process answers."""

    status: str = Field(description="Always `alive`.", examples=["alive"])


class ViolationOut(BaseModel):
    """One thing that is wrong with what was sent."""

    code: str = Field(examples=["bad_serial_number"])
    message: str = Field(examples=["The serial number 'x' is not a whole number from 1 on."])
    line: int | None = Field(description="Line of the CSV, from 1; null for parameters.", examples=[7])
    column: str | None = Field(
        description="Header of the CSV as written, or the parameter's name.", examples=["S. No."]
    )


class ProblemOut(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = Field(description="Always `about:blank`: the code says more.", examples=["about:blank"])
    title: str = Field(description="The status in words.", examples=["Bad Request"])
    status: int = Field(description="The HTTP status.", examples=[400])
    code: str = Field(
        description="Stable, for programs; see the reference.",
        examples=["invalid_csv"],
        json_schema_extra={"enum": list(PROBLEMS)},
    )
    detail: str = Field(description="What is wrong, for people.")
    errors: list[ViolationOut] | None = Field(None, description="Each violation; only where there are some.")


def problem_answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's description of the problems that a route may answer, by status."""
    return {status: _problem_answer(status) for status in statuses}


def _problem_answer(status: int) -> dict[str, Any]:
    kinds = [f"`{code}`: {kind.meaning}" for code, kind in PROBLEMS.items() if kind.status == status]
    schema = {"$ref": "#/components/schemas/ProblemOut"}
    return {"description": " ".join(kinds), "content": {"application/problem+json": {"schema": schema}}}
