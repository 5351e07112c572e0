"""What the commands print: results on standard output, everything for people about the way on standard error.

On a terminal there are tables and colours; elsewhere plain lines, tab-separated, without escape codes.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rich.console import JustifyMethod

    from imagebatch_cli.batch_status import BatchStatus
    from imagebatch_cli.errors import CommandError


WIDEST = 10_000


class OutputKind(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"


class Terminal:
    """Standard output and standard error of one command."""

    def __init__(self, kind: OutputKind = OutputKind.TABLE) -> None:
        self.as_json = kind is OutputKind.JSON
        self._out = Console(highlight=False)
        self._err = _ForPeople(stderr=True, highlight=False)

    def tell(self, line: str, style: str = "") -> None:
        """Say something about the way, for people."""
        # Ours may have several lines, such as the end of a log; anything else that steers a terminal is shown.
        self._err.print(Text("\n".join(map(printable, line.split("\n"))), style), soft_wrap=True)

    def fail(self, error: CommandError) -> None:
        """Say why the command ends, and what to do."""
        self.tell(f"imagebatch: {error.message}", "bold red")
        if error.hint:
            self.tell(error.hint)

    def line(self, text: str) -> None:
        """Print one line of the result."""
        sys.stdout.write(printable(text) + "\n")  # not through rich, which would turn tabs into spaces
        sys.stdout.flush()

    def raw(self, data: bytes) -> None:
        """Pass a file on as it is."""
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def json(self, value: Any) -> None:
        """Print a result for programs: in ASCII, which every terminal has and none is steered by."""
        sys.stdout.write(json.dumps(value, indent=2) + "\n")
        sys.stdout.flush()

    def table(
        self, header: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[str] = (), *, wide: bool = False
    ) -> None:
        """Print rows under a header; columns named in `right` hold numbers.

        On a terminal the cells are folded to its width, unless the table is `wide`: its ids and addresses stay whole.
        """
        if not self._out.is_terminal:
            self.line("\t".join(header))
            for row in rows:
                self.line("\t".join(str(cell).replace("\t", " ") for cell in row))
            return
        table = Table(header_style="bold", box=None, pad_edge=False) if wide else Table(header_style="bold")
        for name in header:
            justify: JustifyMethod = "right" if name in right else "left"
            table.add_column(name, justify=justify, overflow="fold", no_wrap=wide)
        for row in rows:
            table.add_row(*(Text(printable(str(cell))) for cell in row))
        (Console(width=WIDEST) if wide else self._out).print(table)

    def facts(self, facts: Iterable[tuple[str, str]]) -> None:
        """Print what is known of one thing, a line a fact."""
        facts = list(facts)
        width = max(len(name) for name, _ in facts)
        for name, value in facts:
            self.line(f"{name:<{width}}  {value}")

    @contextmanager
    def batch_progress(self) -> Iterator[Callable[[BatchStatus], None]]:
        """Give a function that shows every look at a batch: a live bar on a terminal, else a line a change."""
        if not self._err.is_terminal:
            yield _Lines(self.tell)
            return
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._err) as bar:
            task = bar.add_task("Pending", total=None)

            def show(batch: BatchStatus) -> None:
                bar.update(task, description=summary(batch), total=batch.count("total"), completed=batch.done)

            yield show

    @contextmanager
    def download_progress(self, total: int) -> Iterator[Callable[[], None]]:
        """Give a function to call after each of `total` downloads."""
        if not self._err.is_terminal:
            yield lambda: None
            return
        columns = (TextColumn("Downloading"), *_bar())
        with Progress(*columns, console=self._err) as bar:
            task = bar.add_task("", total=total)
            yield lambda: bar.advance(task)


class _ForPeople(Console):
    """Standard error. When nobody reads it any more the command goes on: its result is on standard output."""

    def on_broken_pipe(self) -> None:
        """Be silent from now on."""
        self.quiet = True
        let_go(sys.stderr)


class _Lines:
    """Tells every change of a batch in a line."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._last = ""

    def __call__(self, batch: BatchStatus) -> None:
        line = f"{summary(batch)}, {batch.done} of {batch.count('total')} done"
        if line != self._last:
            self._tell(line)
            self._last = line


def _bar() -> tuple[ProgressColumn, ...]:
    return BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()


def summary(batch: BatchStatus) -> str:
    """Return a batch's state in one line."""
    return (
        f"{batch.word} ({batch.answer['reason']}): {batch.count('succeeded')} succeeded, {batch.count('failed')} failed"
    )


def size(count_bytes: int | None) -> str:
    """Return a size for people, '' if it is not known."""
    return "" if count_bytes is None else decimal(count_bytes)


def let_go(stream: TextIO) -> None:
    """Throw away what a pipe without a reader did not take; Python would try to write it at the end, and complain."""
    with suppress(OSError, ValueError):  # ValueError: not a file of the system
        if stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode) or stat.S_ISSOCK(os.fstat(stream.fileno()).st_mode):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def printable(text: str) -> str:
    """Return text in which nothing can steer a terminal: CSV cells and messages come from strangers."""
    return "".join(char if char.isprintable() or char == "\t" else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    """Return a character's code. Python puts bytes of names that are no UTF-8 into such ones (PEP 383): the byte."""
    byte = ord(char) - 0xDC00
    return f"\\x{byte if 0x80 <= byte <= 0xFF else ord(char):02x}"
