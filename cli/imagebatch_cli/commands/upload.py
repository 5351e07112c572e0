"""`validate` and `submit`: a CSV is checked, or accepted."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

import typer

from imagebatch_cli import upload_options as options
from imagebatch_cli.errors import ServiceRefused
from imagebatch_cli.exit_codes import ExitCode
from imagebatch_cli.options import DEFAULT_URL, Call, CsvFile, Output, Url, call, read_csv
from imagebatch_cli.terminal import OutputKind
from imagebatch_cli.watching import facts, follow

T = TypeVar("T")
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Follow the batch to its end, as `watch` does.")]


def validate(context: typer.Context, file: CsvFile, url: Url = DEFAULT_URL, output: Output = OutputKind.TABLE) -> None:
    """Have a CSV checked by the service; nothing is stored.

    Prints counts and the plan, or everything that is wrong with the file, in order of line.
    """
    work = call(context, url, output)
    csv = read_csv(file)
    plan = told(work, lambda: work.client.plan(csv, {}))
    if work.terminal.as_json:
        work.terminal.json(plan)
        return
    work.terminal.facts(_plan_facts(plan))


def submit(
    context: typer.Context,
    file: CsvFile,
    watch: Watch = False,
    webhook_url: options.WebhookUrl = None,
    format: options.Format = None,  # noqa: A002 - the option's name
    quality: options.Quality = None,
    max_width: options.MaxWidth = None,
    max_height: options.MaxHeight = None,
    metadata: options.KeepMetadata = None,
    never_larger: options.NeverLarger = None,
    url: Url = DEFAULT_URL,
    output: Output = OutputKind.TABLE,
) -> None:
    """Upload a CSV and print its request id."""
    given = options.fields(
        webhook_url=webhook_url,
        format=format,
        quality=quality,
        max_width=max_width,
        max_height=max_height,
        metadata=metadata,
        never_larger=never_larger,
    )
    work = call(context, url, output)
    csv = read_csv(file)
    request_id = told(work, lambda: work.client.upload(csv, given))
    if watch:
        work.terminal.tell(f"Accepted as {request_id}")
        end(work, request_id)
    elif work.terminal.as_json:
        work.terminal.json({"request_id": request_id})
    else:
        work.terminal.line(request_id)
        work.terminal.tell(f"Follow it: imagebatch watch {request_id}")


def end(work: Call, request_id: str) -> None:
    """Follow a batch, print its end, and leave with the exit code that it has."""
    batch = follow(work, request_id)
    if work.terminal.as_json:
        work.terminal.json(batch.answer)
    else:
        work.terminal.facts(facts(batch))
    if batch.failed:
        raise typer.Exit(ExitCode.UNMET)


def told(work: Call, upload: Callable[[], T]) -> T:
    """Return what `upload` does; of a refusal, print every violation before it goes on."""
    try:
        return upload()
    except ServiceRefused as refusal:
        if work.terminal.as_json:
            work.terminal.json(refusal.problem)
        else:
            _print_violations(work, refusal.problem.get("errors") or [])
        raise


def _print_violations(work: Call, violations: list[dict[str, Any]]) -> None:
    if violations:
        names = ("line", "column", "code", "message")
        rows = [["" if each.get(name) is None else each[name] for name in names] for each in violations]
        work.terminal.table(("Line", "Column", "Code", "What is wrong"), rows, right=("Line",))


def _plan_facts(plan: Mapping[str, Any]) -> list[tuple[str, str]]:
    shards = plan["plan"]
    return [
        ("valid", "yes"),
        ("rows", str(plan["rows"])),
        ("slots", str(plan["slots"])),
        ("distinct images", str(plan["images"])),
        ("shards", f"{shards['shards']} of up to {shards['images_per_shard']} images, {shards['parallelism']} at once"),
    ]
