"""`results`: the output CSV on standard output, or everything in a folder."""

from pathlib import Path
from typing import Annotated

import typer

from imagebatch_cli.batch_status import BatchStatus
from imagebatch_cli.errors import CommandError
from imagebatch_cli.options import DEFAULT_URL, ApiKey, Call, Output, RequestId, Url, call
from imagebatch_cli.result_files import Downloads, result_link, save_files, save_images
from imagebatch_cli.terminal import OutputKind, size

Folder = Annotated[
    Path | None,
    typer.Option(
        "--to", "-d", metavar="DIR", help="Folder for output.csv, errors.csv and report.json.", file_okay=False
    ),
]
Images = Annotated[
    bool, typer.Option("--images", help="Download the images too, into DIR/images. [default DIR: imagebatch-ID]")
]


def results(
    context: typer.Context,
    request_id: RequestId,
    to: Folder = None,
    images: Images = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """Print the output CSV, or save all results in a folder.

    Images that are in the folder already are not downloaded again.
    """
    work = call(context, url, api_key, output)
    batch = work.client.status(request_id)
    if to is None and not images:
        work.terminal.raw(work.client.read(result_link(batch, "result_url")))
        return
    folder = to or Path(f"imagebatch-{request_id}")  # not as the answer says: it may come from anybody
    files = save_files(work.client, batch, folder)
    downloads = _images(work, batch, folder) if images else Downloads()
    _print(work, [str(file) for file in files], folder, downloads)


def _images(work: Call, batch: BatchStatus, folder: Path) -> Downloads:
    report = work.client.report(result_link(batch, "report_url"))
    return save_images(work, report, folder / "images")


def _print(work: Call, files: list[str], folder: Path, downloads: Downloads) -> None:
    if work.terminal.as_json:
        work.terminal.json({"files": files, "images": downloads.images, "failures": downloads.failures})
    else:
        for file in files:
            work.terminal.line(file)
        if downloads.images:
            work.terminal.line(f"{folder / 'images'}: {downloads.images} images, {size(downloads.bytes)}")
    if downloads.failures:
        for sentence in downloads.failures:
            work.terminal.tell(sentence)
        raise CommandError(
            f"{len(downloads.failures)} images could not be downloaded.", "Run the same again: it gets the rest."
        )
