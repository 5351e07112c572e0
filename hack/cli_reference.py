"""Writes docs/reference/cli.md from the --help of every command. `make fmt` runs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.main import get_command
from typer.testing import CliRunner

from imagebatch_cli.main import make_app

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "cli.md"
WIDTH = 100
HEAD = """\
# Command line

`imagebatch` starts the service on one machine (`dev`, `demo`) and speaks to a running one over REST (all others).
Results go to standard output, everything about the way to standard error. Outside a terminal both are plain lines,
tables are tab-separated, and there are no escape codes. With `-o json` standard output holds one JSON document; where
the service refused an upload, it is the problem that it answered.

Where the service says that it is not available now (503), it is asked again for up to a minute, at the pace of its
`Retry-After`. A service that had answered and falls silent is waited for as long. `submit` sends its file again even to
a service that was never heard: each run names its upload by an `Idempotency-Key`, so that it is accepted only once.
Everything that is waited for is told on standard error.

An API key is taken from `--api-key`, else from `IMAGEBATCH_API_KEY`, else from the file that `IMAGEBATCH_API_KEY_FILE`
names. Other users of a machine can read the options of its processes: prefer the variables. The key is sent to the
service's own address only, never to links that lead elsewhere, and is never printed.

Written by `make fmt` from what `--help` prints.
"""


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command, a group before its own."""
    yield words
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*words, name))


def shown(words: tuple[str, ...]) -> str:
    """Return what --help prints for one command."""
    done = CliRunner().invoke(make_app(), [*words, "--help"], prog_name="imagebatch", terminal_width=WIDTH)
    return "\n".join(line.rstrip() for line in done.output.strip().splitlines())


def page() -> str:
    """Return the whole page."""
    text = HEAD
    for words in commands(get_command(make_app())):
        text += f"\n## {' '.join(('imagebatch', *words))}\n\n```text\n{shown(words)}\n```\n"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
