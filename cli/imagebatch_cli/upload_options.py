"""The options of an upload, as `submit` and `validate` have them. What is not given is left to the service."""

from typing import Annotated

import typer

from imagebatch.model.batch import MAX_SIDE_PIXELS, Metadata, OutputFormat
from imagebatch_cli.options import in_utf8

Format = Annotated[
    OutputFormat | None,
    typer.Option("--format", case_sensitive=False, help="Format of the output images; Auto keeps the input's."),
]
Quality = Annotated[
    int | None, typer.Option("--quality", min=1, max=100, help="Quality on the JPEG scale. [service's default: 50]")
]
MaxWidth = Annotated[
    int | None,
    typer.Option("--max-width", min=1, max=MAX_SIDE_PIXELS, help="Scale wider images down to so many pixels."),
]
MaxHeight = Annotated[
    int | None,
    typer.Option("--max-height", min=1, max=MAX_SIDE_PIXELS, help="Scale taller images down to so many pixels."),
]
KeepMetadata = Annotated[
    Metadata | None,
    typer.Option("--metadata", case_sensitive=False, help="Strip or keep EXIF and XMP; position never stays."),
]
NeverLarger = Annotated[
    bool | None,
    typer.Option(
        "--never-larger/--no-never-larger", help="Keep the input's bytes where encoding would make the file larger."
    ),
]
WebhookUrl = Annotated[
    str | None,
    typer.Option("--webhook-url", metavar="URL", help="Where the end of the batch is told by POST.", callback=in_utf8),
]


def fields(**given: object) -> dict[str, str]:
    """Return what was given, under the names and in the spelling of POST /upload."""
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}
    return {name: text for name, text in texts.items() if given[name] is not None}
