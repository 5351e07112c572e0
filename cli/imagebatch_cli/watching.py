"""Follows a batch to its end and prints how it stands, for every command with --watch, `status` and `demo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from imagebatch_cli.errors import Interrupted
from imagebatch_cli.exit_codes import ExitCode
from imagebatch_cli.terminal import size

if TYPE_CHECKING:
    from imagebatch_cli.batch_status import BatchStatus
    from imagebatch_cli.options import Call

POLL_SECONDS = 1.0


def follow(call: Call, request_id: str) -> BatchStatus:
    """Show progress until the batch has a final status, and return that look. Ctrl-C leaves the batch alone."""
    try:
        with call.terminal.batch_progress() as show:
            while True:
                batch = call.client.status(request_id)
                show(batch)
                if batch.is_final:
                    return batch
                call.client.wait(batch.retry_after_seconds or POLL_SECONDS)
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped watching; the batch {request_id} goes on.",
            f"Watch it again: imagebatch watch {request_id} --url {call.client.url}",
        ) from None


def end(call: Call, request_id: str) -> None:
    """Follow a batch, print its end, and leave with the exit code that it has."""
    batch = follow(call, request_id)
    print_batch(call, batch)
    if batch.failed:
        raise typer.Exit(ExitCode.UNMET)


def print_batch(call: Call, batch: BatchStatus) -> None:
    """Print how a batch stands."""
    if call.terminal.as_json:
        call.terminal.json(batch.answer)
    else:
        call.terminal.facts(facts(batch))


def facts(batch: BatchStatus) -> list[tuple[str, str]]:
    """Return what `status` and the end of `watch` print."""
    found = [
        ("request", batch.request_id),
        *([("retry of", str(batch.answer["retry_of"]))] if batch.answer.get("retry_of") else []),
        ("status", f"{batch.word} ({batch.answer['reason']})"),
        ("message", str(batch.answer["message"])),
        ("images", f"{batch.done} of {batch.count('total')} done"),
        ("succeeded", str(batch.count("succeeded"))),
        ("failed", str(batch.count("failed"))),
        ("bytes", f"{size(batch.bytes('input'))} to {size(batch.bytes('output'))}, {batch.saved_percent} % saved"),
    ]
    links = (("result", "result_url"), ("errors", "errors_url"), ("report", "report_url"))
    return found + [(name, str(batch.link(key))) for name, key in links if batch.link(key)]
