"""`webhook listen`, `attempts` and `redeliver`: receives webhooks on this machine, and tells how one was sent."""

import queue
from pathlib import Path
from typing import Annotated, Any

import typer

from imagebatch_cli.errors import WrongUse
from imagebatch_cli.options import DEFAULT_DATA, DEFAULT_URL, ApiKey, Call, Output, RequestId, Url, call, in_utf8
from imagebatch_cli.terminal import OutputKind, Terminal
from imagebatch_cli.webhook_receiver import ReceivedDelivery, WebhookReceiver, described

DEFAULT_PORT = 9000
DEFAULT_SECRET_FILE = DEFAULT_DATA / "secrets" / "webhook-keys" / "default"

_STATES = {
    "None": "None: there is no receiver",
    "Waiting": "Waiting for the batch's end",
    "Pending": "Pending: it will be sent, or sent again",
    "Delivered": "Delivered",
    "GivenUp": "GivenUp: `imagebatch webhook redeliver` sends it again",
}

app = typer.Typer(help="Receive webhooks, and see how they were sent.", rich_markup_mode=None, no_args_is_help=True)

Port = Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port to listen on; 0: a free one.")]
Host = Annotated[str, typer.Option("--host", help="Address to listen on.", callback=in_utf8)]
Secret = Annotated[
    str | None,
    typer.Option(
        "--secret",
        envvar="IMAGEBATCH_WEBHOOK_SECRET",
        help="The signing key, whsec_….",
        show_envvar=True,
        callback=in_utf8,
    ),
]
SecretFile = Annotated[
    Path,
    typer.Option("--secret-file", metavar="FILE", help="File with the signing key, when --secret is not given."),
]


@app.command()
def listen(
    port: Port = DEFAULT_PORT,
    host: Host = "127.0.0.1",
    secret: Secret = None,
    secret_file: SecretFile = DEFAULT_SECRET_FILE,
    output: Output = OutputKind.TABLE,
) -> None:
    """Receive webhooks at POST /webhook until Ctrl-C; verify each signature and print each delivery.

    The service reaches addresses of this machine only when it is told to: start it with
    IMAGEBATCH_WEBHOOK_ALLOW=127.0.0.1/32:9000.
    """
    terminal = Terminal(output)
    key = secret or _read(secret_file)
    deliveries: queue.SimpleQueue[ReceivedDelivery] = queue.SimpleQueue()
    with WebhookReceiver(key, deliveries.put, host=host, port=port) as receiver:
        terminal.tell(f"Listening; give this as the webhook URL: {receiver.url}")
        terminal.tell(f"The service needs IMAGEBATCH_WEBHOOK_ALLOW=127.0.0.1/32:{receiver.port}. Ctrl-C stops.")
        try:
            while True:
                _print(terminal, deliveries.get())
        except KeyboardInterrupt:
            terminal.tell("Stopped.")


@app.command()
def attempts(
    context: typer.Context,
    request_id: RequestId,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """Print where a batch's webhook stands, and every attempt to send it."""
    work = call(context, url, api_key, output)
    _print_webhook(work, work.client.webhook(request_id))


@app.command()
def redeliver(
    context: typer.Context,
    request_id: RequestId,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """Have a batch's webhook sent again, now and by a new schedule; its webhook-id stays the same."""
    work = call(context, url, api_key, output)
    _print_webhook(work, work.client.redeliver(request_id))


def _print_webhook(work: Call, webhook: dict[str, Any]) -> None:
    if work.terminal.as_json:
        work.terminal.json(webhook)
        return
    known = (("request", "request_id"), ("webhook", "webhook_id"), ("to", "url"), ("state", "state"), ("due", "due_at"))
    work.terminal.facts((name, f"{_STATES.get(webhook[key], webhook[key])}") for name, key in known if webhook.get(key))
    names = ("number", "started_at", "milliseconds", "http_status", "error")
    rows = [["" if each[name] is None else each[name] for name in names] for each in webhook["attempts"]]
    if rows:
        work.terminal.line("")
        work.terminal.table(("Attempt", "Started", "ms", "Answer", "Error"), rows, right=("Attempt", "ms", "Answer"))


def _read(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except (OSError, ValueError) as error:
        raise WrongUse(
            f"There is no signing key in {file}.",
            "Give one with --secret or --secret-file; `imagebatch dev` prints where its own is.",
        ) from error


def _print(terminal: Terminal, delivery: ReceivedDelivery) -> None:
    if terminal.as_json:
        terminal.json({"verified": delivery.verified, "webhook_id": delivery.webhook_id, "body": delivery.body})
    else:
        terminal.line(described(delivery))
