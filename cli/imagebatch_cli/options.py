"""Options and arguments that several commands have, and what `main` hands to every command."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from imagebatch_cli.client import ServiceClient
from imagebatch_cli.errors import WrongUse
from imagebatch_cli.terminal import OutputKind, Terminal

DEFAULT_URL = "http://127.0.0.1:8000"
DEFAULT_DATA = Path(".imagebatch")

Url = Annotated[str, typer.Option("--url", envvar="IMAGEBATCH_URL", metavar="URL", help="Address of the service.")]
Output = Annotated[
    OutputKind, typer.Option("--output", "-o", help="Print the result for people or, as JSON, for programs.")
]
RequestId = Annotated[str, typer.Argument(metavar="ID", help="The request id that the upload answered.")]
CsvFile = Annotated[Path, typer.Argument(metavar="FILE", help="The CSV.")]


@dataclass(frozen=True, slots=True)
class Call:
    """What a command works with: the service, and where to print."""

    client: ServiceClient
    terminal: Terminal


Connect = Callable[[str, Callable[[str], None]], ServiceClient]


def connect(url: str, tell: Callable[[str], None]) -> ServiceClient:
    """Return a client of the service at `url`; nothing is sent yet."""
    return ServiceClient(url, tell=tell)


def call(context: typer.Context, url: str, output: OutputKind) -> Call:
    """Return what a command works with, by its options."""
    terminal = Terminal(output)
    make: Connect = context.obj or connect
    return Call(make(url, terminal.tell), terminal)


def read_csv(file: Path) -> bytes:
    """Return a file's bytes. Raises WrongUse when it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise WrongUse(f"{file} cannot be read: {error.strerror}") from error
