"""`cancel`, `suspend`, `resume`, `retry` and `delete`: what is done to a batch."""

import sys
from typing import Annotated, Any

import typer

from imagebatch_cli.commands.upload import accepted
from imagebatch_cli.errors import CommandError, ServiceRefused, ServiceUnavailable, WrongUse
from imagebatch_cli.exit_codes import ExitCode
from imagebatch_cli.options import DEFAULT_URL, ApiKey, Call, Output, RequestId, Url, Watch, call, in_utf8
from imagebatch_cli.terminal import OutputKind
from imagebatch_cli.watching import end, follow, print_batch

RequestIds = Annotated[list[str], typer.Argument(metavar="ID...", help="The request ids.", callback=in_utf8)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def cancel(
    context: typer.Context,
    request_id: RequestId,
    watch: Watch = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """End a batch early; what is done by then is kept and published.

    With --watch the exit code is 0 when the batch was cancelled, or ended well before it could be.
    """
    work = call(context, url, api_key, output)
    batch = work.client.cancel(request_id)
    if watch:
        batch = follow(work, request_id)
    print_batch(work, batch)
    if batch.failed and batch.answer["reason"] != "Cancelled":
        raise typer.Exit(ExitCode.UNMET)


def suspend(
    context: typer.Context,
    request_id: RequestId,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """Let a batch rest until it is resumed.

    What is done is kept, and the deadline waits.
    """
    work = call(context, url, api_key, output)
    print_batch(work, work.client.suspend(request_id))


def resume(
    context: typer.Context,
    request_id: RequestId,
    watch: Watch = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """Let a suspended batch go on with the images that are not done."""
    work = call(context, url, api_key, output)
    batch = work.client.resume(request_id)
    if watch:
        end(work, request_id)
    else:
        print_batch(work, batch)


def retry(
    context: typer.Context,
    request_id: RequestId,
    watch: Watch = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """Try the failed images of a batch again, as a new batch, and print its request id.

    The new batch's results hold all images, those that had succeeded too. Again: the same new batch.
    """
    work = call(context, url, api_key, output)
    accepted(work, work.client.retry(request_id), watch=watch)


def delete(
    context: typer.Context,
    request_ids: RequestIds,
    yes: Yes = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """Delete batches that have ended, with their results. Links to them stop working.

    Where a batch was tried again, its images live until that batch is deleted too.
    """
    work = call(context, url, api_key, output)
    _confirm(request_ids, yes=yes)
    deleted: list[str] = []
    refusals: dict[str, ServiceRefused] = {}
    try:
        for request_id in dict.fromkeys(request_ids):
            _delete(work, request_id, deleted, refusals)
    finally:
        if work.terminal.as_json:
            work.terminal.json({"deleted": deleted, "refused": [_refusal(*each) for each in refusals.items()]})
    if refusals:
        raise typer.Exit(ExitCode.REFUSED)


def _delete(work: Call, request_id: str, deleted: list[str], refusals: dict[str, ServiceRefused]) -> None:
    """Delete one batch and say so; a refusal is told, and the others are deleted all the same."""
    try:
        work.client.delete(request_id)
    except ServiceRefused as refusal:
        refusals[request_id] = refusal
        work.terminal.fail(CommandError(f"{request_id}: {refusal.message}", refusal.hint))
        return
    except ServiceUnavailable as error:
        raise ServiceUnavailable(f"{request_id} may not be deleted: {error.message}", error.hint) from error
    deleted.append(request_id)
    if not work.terminal.as_json:
        work.terminal.line(request_id)


def _refusal(request_id: str, refusal: ServiceRefused) -> dict[str, Any]:
    return {"request_id": request_id, "code": refusal.problem.get("code"), "message": refusal.message}


def _confirm(request_ids: list[str], *, yes: bool) -> None:
    """Ask on a terminal. Raises WrongUse where nobody can be asked, CommandError for a no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise WrongUse("Nobody can be asked here whether to delete: give --yes.")
    what = request_ids[0] if len(request_ids) == 1 else f"{len(request_ids)} batches"
    if not typer.confirm(f"Delete {what} and all results?", err=True):
        raise CommandError("Nothing was deleted.")
