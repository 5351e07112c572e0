"""An upload: its options, and what is answered."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from imagebatch.model.batch import MAX_SIDE_PIXELS, Metadata, OutputFormat, OutputOptions
from imagebatch_api.schemas.examples import EXAMPLE_ID

MAX_WEBHOOK_URL_LENGTH = 2_048


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
