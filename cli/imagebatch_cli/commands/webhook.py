"""`webhook listen`: receives webhooks on this machine, verifies and prints them."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from imagebatch_cli.errors import WrongUse
from imagebatch_cli.options import DEFAULT_DATA, Output
from imagebatch_cli.terminal import OutputKind, Terminal
from imagebatch_cli.webhook_receiver import ReceivedDelivery, WebhookReceiver, described

DEFAULT_PORT = 9000
DEFAULT_SECRET_FILE = DEFAULT_DATA / "secrets" / "webhook-keys" / "default"

app = typer.Typer(help="Receive webhooks.", rich_markup_mode=None, no_args_is_help=True)

Port = Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port to listen on; 0: a free one.")]
Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]
Secret = Annotated[
    str | None,
    typer.Option("--secret", envvar="IMAGEBATCH_WEBHOOK_SECRET", help="The signing key, whsec_….", show_envvar=True),
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
    with WebhookReceiver(key, lambda delivery: _print(terminal, delivery), host=host, port=port) as receiver:
        terminal.tell(f"Listening; give this as the webhook URL: {receiver.url}")
        terminal.tell(f"The service needs IMAGEBATCH_WEBHOOK_ALLOW=127.0.0.1/32:{receiver.port}. Ctrl-C stops.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            terminal.tell("Stopped.")


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
