"""`validate` and `submit`: a CSV is checked, or accepted."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar
from uuid import uuid4

import typer

from imagebatch_cli import upload_options as options
from imagebatch_cli.errors import Interrupted, ServiceRefused, WrongUse
from imagebatch_cli.options import DEFAULT_URL, ApiKey, Call, CsvFile, Output, Url, Watch, call, read_csv
from imagebatch_cli.terminal import OutputKind
from imagebatch_cli.watching import end

T = TypeVar("T")
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
IdempotencyKey = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        metavar="KEY",
        help="Name of this upload: with the same name it is accepted only once. [default: a new one each run]",
    ),
]


def validate(
    context: typer.Context,
    file: CsvFile,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """Have a CSV checked by the service; nothing is stored.

    Prints counts and the plan, or everything that is wrong with the file, in order of line.
    """
    work = call(context, url, api_key, output)
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
    idempotency_key: IdempotencyKey = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """Upload a CSV and print its request id.

    If the service does not answer, or not now, the file is sent again for up to a minute. It is accepted only once.
    """
    given = options.fields(
        webhook_url=webhook_url,
        format=format,
        quality=quality,
        max_width=max_width,
        max_height=max_height,
        metadata=metadata,
        never_larger=never_larger,
    )
    work = call(context, url, api_key, output)
    csv = read_csv(file)
    request_id = _upload(work, csv, given, _checked(idempotency_key) or str(uuid4()))
    accepted(work, request_id, watch=watch)


def accepted(work: Call, request_id: str, *, watch: bool) -> None:
    """Print the id of a batch that was accepted, or follow it to its end."""
    if watch:
        work.terminal.tell(f"Accepted as {request_id}")
        end(work, request_id)
    elif work.terminal.as_json:
        work.terminal.json({"request_id": request_id})
    else:
        work.terminal.line(request_id)
        work.terminal.tell(f"Follow it: imagebatch watch {request_id}")


def _upload(work: Call, csv: bytes, given: Mapping[str, str], idempotency_key: str) -> str:
    try:
        return told(work, lambda: work.client.upload(csv, given, idempotency_key))
    except KeyboardInterrupt:
        raise Interrupted(
            "stopped while the file was sent; it may have been accepted.",
            f"Send it again, to be accepted only once: --idempotency-key {idempotency_key}",
        ) from None


def _checked(idempotency_key: str | None) -> str | None:
    if idempotency_key is not None and not _IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        raise WrongUse("An idempotency key is 1 to 255 visible ASCII characters.")
    return idempotency_key


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
