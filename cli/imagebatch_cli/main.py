"""The command `imagebatch`: puts the commands together and turns every end into an exit code."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import typer

from imagebatch_cli import exit_codes
from imagebatch_cli.commands import follow, local, results, upload, webhook
from imagebatch_cli.errors import CommandError, MachineFault
from imagebatch_cli.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagebatch_cli.options import Connect

HELP = "A CSV of product images in, the same images at half the quality and the same CSV out."
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
    for command in (local.dev, local.demo, upload.validate, upload.submit, follow.status, follow.watch, follow.errors):
        app.command()(command)
    app.command()(results.results)
    app.add_typer(webhook.app, name="webhook")
    app.callback()(_no_options)
    return app


def _no_options() -> None:
    """Hold the place of the options before the command: there are none."""


def main(arguments: Sequence[str] | None = None, connect: Connect | None = None) -> int:
    """Run one command and return its exit code; `connect` makes the client of the service."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # not every terminal has every letter
    try:
        make_app()(args=None if arguments is None else list(arguments), prog_name="imagebatch", obj=connect)
    except SystemExit as ended:
        return int(ended.code or 0)
    except CommandError as error:
        Terminal().fail(error)
        return int(error.code)
    except OSError as error:  # a broken pipe has become SystemExit
        fault = MachineFault(f"The output cannot be written: {error.strerror}")
        Terminal().fail(fault)
        return int(fault.code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
