"""`list` and `images`: many batches, or the images of one."""

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Annotated, Any

import typer

from imagebatch.model.batch import Status
from imagebatch_cli.batch_status import BatchStatus
from imagebatch_cli.client import Listing
from imagebatch_cli.errors import CommandError
from imagebatch_cli.options import DEFAULT_URL, All, ApiKey, Call, Limit, Output, RequestId, Url, call, in_utf8
from imagebatch_cli.terminal import OutputKind, size

BATCH_COLUMNS = ("Request", "Status", "Reason", "Done", "Images", "Failed", "Saved", "Created")
IMAGE_COLUMNS = ("Row", "Position", "Result", "Before", "After", "ms", "Tries", "Input Image Url")
NUMBERS = ("Row", "Position", "Before", "After", "ms", "Tries", "Done", "Images", "Failed", "Saved")
WHOLE_SECONDS = len("2026-01-02T03:04:05")

Item = dict[str, Any]
Row = tuple[object, ...]
Statuses = Annotated[
    list[Status] | None,
    typer.Option("--status", case_sensitive=False, help="Only batches with this status; may be given several times."),
]
Failed = Annotated[bool, typer.Option("--failed", help="Only images that failed.")]
Code = Annotated[
    str | None,
    typer.Option("--code", help="Only images that failed with this code, such as http_404.", callback=in_utf8),
]


def list_batches(
    context: typer.Context,
    status: Statuses = None,
    limit: Limit = 20,
    everything: All = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """List your batches, the newest first."""
    work = call(context, url, api_key, output)
    found = work.client.batches([each.value for each in status or []], None if everything else limit)
    _print(work, found, chain(*_begun(found)), _batch_row, BATCH_COLUMNS)


def images(
    context: typer.Context,
    request_id: RequestId,
    failed: Failed = False,
    code: Code = None,
    limit: Limit = 100,
    everything: All = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """List the images of a batch that has ended, in the order of its CSV.

    The table counts rows and positions from 1, as errors.csv does; JSON holds the service's answer, from 0.
    """
    work = call(context, url, api_key, output)
    found = work.client.images(request_id, "Failed" if failed else None, code, None if everything else limit)
    first, rest = _begun(found)
    if not first:
        _require_end(work, request_id)
    _print(work, found, chain(first, rest), _image_row, IMAGE_COLUMNS)


def _begun(found: Listing) -> tuple[list[Item], Iterator[Item]]:
    """Return the first item, if there is one, and the others: a refusal comes before anything is printed."""
    items = iter(found)
    return list(islice(items, 1)), items


def _require_end(work: Call, request_id: str) -> None:
    batch = work.client.status(request_id)
    if not batch.is_final:
        hint = f"Wait for its end: imagebatch watch {request_id}"
        raise CommandError(f"The batch is {batch.word}; its images are listed at the end.", hint)


def _print(
    work: Call, found: Listing, items: Iterator[Item], row: Callable[[Item], Row], header: tuple[str, ...]
) -> None:
    """Print the items of a listing as they come, and whether there are others."""
    if work.terminal.as_json:
        work.terminal.json(list(items))
    else:
        work.terminal.table(header, map(row, items), right=NUMBERS, wide=True)
    if found.more:
        work.terminal.tell("There are more: --limit N prints so many, --all prints all.")


def _batch_row(answer: Item) -> Row:
    batch = BatchStatus(answer)
    counts = (batch.done, batch.count("total"), batch.count("failed"), f"{batch.saved_percent} %")
    created = f"{answer['created_at'][:WHOLE_SECONDS]}Z"
    return batch.request_id, batch.word, answer["reason"], *counts, created


def _image_row(image: Item) -> Row:
    sizes = size(image["bytes_in"]), size(image["bytes_out"])
    took = image["milliseconds"], image["attempts"]
    return image["row"] + 1, image["position"] + 1, image["code"] or "ok", *sizes, *took, image["url"]
