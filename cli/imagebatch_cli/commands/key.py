"""`key new`: makes an API key. Nothing is sent or kept."""

import hashlib
import re
import secrets
from typing import Annotated

import typer

from imagebatch_cli.errors import WrongUse
from imagebatch_cli.options import Output
from imagebatch_cli.terminal import OutputKind, Terminal

RANDOM_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")

app = typer.Typer(help="Make API keys.", rich_markup_mode=None, no_args_is_help=True)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="Whose key it is: letters, digits, dots, dashes and underscores.")
]


@app.command()
def new(name: Name, output: Output = OutputKind.TABLE) -> None:
    """Make an API key, and print it with its line for the file that IMAGEBATCH_API_KEYS_FILE names.

    The key is shown this once: the file holds only its SHA-256.
    """
    if not _NAME.fullmatch(name):
        raise WrongUse(f"{name!r} is no name of a key: up to 63 letters, digits, dots, dashes and underscores.")
    key = f"ib_{secrets.token_hex(RANDOM_BYTES)}"
    line = f"{name}:{hashlib.sha256(key.encode()).hexdigest()}"
    terminal = Terminal(output)
    if terminal.as_json:
        terminal.json({"name": name, "key": key, "line": line})
        return
    terminal.facts([("key", key), ("line", line)])
    terminal.tell("The key is for the client and is not shown again. The line is for the service's keys file.")
