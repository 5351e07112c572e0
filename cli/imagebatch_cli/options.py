"""Options and arguments that several commands have, and what `main` hands to every command."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from imagebatch_cli.client import ServiceClient, connect
from imagebatch_cli.errors import WrongUse
from imagebatch_cli.terminal import OutputKind, Terminal

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_DATA = Path(".imagebatch")
API_KEY = "IMAGEBATCH_API_KEY"
API_KEY_FILE = "IMAGEBATCH_API_KEY_FILE"


def in_utf8(given: Any) -> Any:
    """Return what was given to an option or argument, one or several. Raises BadParameter for what is no UTF-8.

    The callback of all that take words. It shows none: it may be a secret. A file may have a name in any encoding.
    """
    for each in given if isinstance(given, (list, tuple)) else (given,):
        try:
            str(each).encode()
        except UnicodeEncodeError:
            raise typer.BadParameter("It is not text in UTF-8.") from None
    return given


Url = Annotated[
    str,
    typer.Option("--url", envvar="IMAGEBATCH_URL", metavar="URL", help="Address of the service.", callback=in_utf8),
]
ApiKey = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        envvar=API_KEY,
        metavar="KEY",
        help=f"API key, if the service wants one; {API_KEY_FILE} names a file that holds it.",
        callback=in_utf8,
    ),
]
Output = Annotated[
    OutputKind, typer.Option("--output", "-o", help="Print the result for people or, as JSON, for programs.")
]
RequestId = Annotated[
    str, typer.Argument(metavar="ID", help="The request id that the upload answered.", callback=in_utf8)
]
CsvFile = Annotated[Path, typer.Argument(metavar="FILE", help="The CSV.")]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Follow the batch to its end, as `watch` does.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Print at most so many.")]
All = Annotated[bool, typer.Option("--all", help="Print all, however many there are.")]


@dataclass(frozen=True, slots=True)
class Call:
    """What a command works with: the service, and where to print."""

    client: ServiceClient
    terminal: Terminal


Connect = Callable[[str, str | None, Callable[[str], None]], ServiceClient]


def call(context: typer.Context, url: str, api_key: str | None, output: OutputKind) -> Call:
    """Return what a command works with, by its options. Raises WrongUse."""
    terminal = Terminal(output)
    make: Connect = context.obj or connect
    return Call(make(url, api_key or _kept_key(), terminal.tell), terminal)


def _kept_key() -> str | None:
    """Return the API key of the file that the environment names, None if it names none. Raises WrongUse."""
    file = os.environ.get(API_KEY_FILE)
    if not file:
        return None
    try:
        return Path(file).read_text("ascii").strip()
    except OSError as error:
        raise WrongUse(f"{API_KEY_FILE}: {file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise WrongUse(f"{API_KEY_FILE}: {file} holds no API key.") from error


def read_csv(file: Path) -> bytes:
    """Return a file's bytes. Raises WrongUse when it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise WrongUse(f"{file} cannot be read: {error.strerror}") from error
