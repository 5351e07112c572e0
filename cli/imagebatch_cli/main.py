"""The command `imagebatch`: puts the commands together and turns every end into an exit code."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import typer

from imagebatch_cli import exit_codes
from imagebatch_cli.commands import change, doctor, follow, key, listings, local, results, upload, webhook
from imagebatch_cli.errors import CommandError, MachineFault
from imagebatch_cli.exit_codes import ExitCode
from imagebatch_cli.terminal import Terminal, let_go

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from imagebatch_cli.options import Connect

HELP = "A CSV of product images in, the same images at half the quality and the same CSV out."
COMMANDS: dict[str, Callable[..., None]] = {
    "dev": local.dev,
    "demo": local.demo,
    "validate": upload.validate,
    "submit": upload.submit,
    "list": listings.list_batches,
    "status": follow.status,
    "watch": follow.watch,
    "images": listings.images,
    "errors": follow.errors,
    "results": results.results,
    "cancel": change.cancel,
    "suspend": change.suspend,
    "resume": change.resume,
    "retry": change.retry,
    "delete": change.delete,
    "doctor": doctor.doctor,
}
EPILOG = f"\b\nExit codes:\n{exit_codes.listed()}"


def make_app() -> typer.Typer:
    """Return the application with all commands, in the order in which they are listed."""
    app = typer.Typer(
        name="imagebatch",
        help=HELP,
        epilog=EPILOG,
        rich_markup_mode=None,  # help is plain text, the same in a terminal, a pipe and docs/reference/cli.md
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name, command in COMMANDS.items():
        app.command(name)(command)
    app.add_typer(webhook.app, name="webhook")
    app.add_typer(key.app, name="key")
    app.callback()(_no_options)
    return app


def _no_options() -> None:
    """Hold the place of the options before the command: there are none."""


def main(arguments: Sequence[str] | None = None, connect: Connect | None = None) -> int:
    """Run one command and return its exit code; `connect` makes the client of the service."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # not every terminal has every letter
    try:
        return _run(arguments, connect)
    except BrokenPipeError:
        let_go(sys.stdout)
        let_go(sys.stderr)
        return int(ExitCode.READER_LEFT)


def _run(arguments: Sequence[str] | None, connect: Connect | None) -> int:
    """Return the exit code. Raises BrokenPipeError when nobody reads the output any more."""
    try:
        make_app()(args=None if arguments is None else list(arguments), prog_name="imagebatch", obj=connect)
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):  # Typer and Rich make it an exit
            raise ended.__context__ from None
        return int(ended.code or 0)
    except CommandError as error:
        Terminal().fail(error)
        return int(error.code)
    except BrokenPipeError:
        raise
    except OSError as error:
        fault = MachineFault(f"The output cannot be written: {error.strerror}")
        Terminal().fail(fault)
        return int(fault.code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
