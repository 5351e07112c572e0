"""`status`, `watch` and `errors`: what becomes of a batch."""

from itertools import islice
from typing import Annotated

import typer

from imagebatch_cli.options import DEFAULT_URL, ApiKey, Output, RequestId, Url, call
from imagebatch_cli.result_files import error_rows
from imagebatch_cli.terminal import OutputKind
from imagebatch_cli.watching import end, print_batch

Limit = Annotated[int, typer.Option("--limit", min=0, help="Print at most so many; 0: all.")]


def status(
    context: typer.Context,
    request_id: RequestId,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """Print how a batch stands now. The exit code is 0 for a batch that Failed, too."""
    work = call(context, url, api_key, output)
    print_batch(work, work.client.status(request_id))


def watch(
    context: typer.Context,
    request_id: RequestId,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """Follow a batch to its end, with its progress.

    Ctrl-C ends the watching, not the batch. The exit code is 1 when the batch ends Failed.
    """
    end(call(context, url, api_key, output), request_id)


def errors(
    context: typer.Context,
    request_id: RequestId,
    limit: Limit = 100,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """Print the images that failed, each with its code and the reason."""
    work = call(context, url, api_key, output)
    header, *rows = error_rows(work.client, work.client.status(request_id))
    shown = list(islice(rows, limit or None))
    if work.terminal.as_json:
        names = [name.lower().replace(".", "").replace(" ", "_") for name in header]
        work.terminal.json([dict(zip(names, row, strict=False)) for row in shown])
    elif rows:
        work.terminal.table(header, shown, right=("S. No.", "Position"))
    else:
        work.terminal.tell("No image failed.")
    if len(rows) > len(shown):
        work.terminal.tell(f"{len(rows) - len(shown)} more: --limit 0 prints all.")
