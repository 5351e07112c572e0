"""The installed command `imagebatch` as a child process, for one answer or in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM = Path(sys.executable).with_name("imagebatch")
OURS = "IMAGEBATCH_"


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment without settings of ours, but for `changes`; the program is on its PATH."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", **(changes or {})}


def imagebatch(
    *arguments: object,
    settings: Mapping[str, str] | None = None,
    folder: Path | None = None,
    seconds: int = 120,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [PROGRAM, *map(str, arguments)],
        env=environment(settings),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


class BackgroundCommand:
    """A command that runs until it is told to stop. `output` is what it printed so far, both streams."""

    def __init__(self, *arguments: object, settings: Mapping[str, str] | None = None, folder: Path | None = None):
        self._process = subprocess.Popen(
            [PROGRAM, *map(str, arguments)],
            env=environment(settings),
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.end(signal.SIGTERM)

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_for(self, text: str, timeout_seconds: float = 90) -> str:
        """Wait until `text` was printed; return everything that was."""

        def printed() -> bool:
            assert text in self.output, self.output
            return True

        eventually(printed, timeout_seconds, f"{text!r}")
        return self.output

    def end(self, number: signal.Signals, timeout_seconds: float = 60) -> int:
        """Send a signal, wait for the end, and return the exit code."""
        self._process.send_signal(number)
        code = self._process.wait(timeout_seconds)
        self._reader.join(timeout_seconds)
        return code

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout:
            for line in self._process.stdout:
                self.output += line


def descendants(pid: int) -> list[int]:
    """Return the process ids of all children, their children, and so on."""
    parents = {child: parent for child, parent, _ in _processes()}
    found = [pid]
    for ancestor in found:
        found += [child for child, parent in parents.items() if parent == ancestor]
    return found[1:]


def alive(pids: list[int]) -> list[int]:
    """Return those of the processes that run; a zombie does not."""
    running = {pid for pid, _, state in _processes() if state != "Z"}
    return [pid for pid in pids if pid in running]


def _processes() -> list[tuple[int, int, str]]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            found.append((int(entry.name), int(parent), state))
    return found
