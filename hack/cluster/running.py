"""How this program runs others and tells people what it does: one line for each step, with its seconds."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

FIRST_HEARTBEAT_SECONDS = 5
HEARTBEAT_SECONDS = 15
WORDS_SHOWN = 2000


class Refused(Exception):
    """Why a command does not go on, in words for the person who gave it."""


def say(text: str) -> None:
    """Tell the person at the terminal; standard output is for what other programs read."""
    print(f"cluster: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Tell how long a step took, and that it goes on while it takes long."""
    began = time.monotonic()
    over = threading.Event()
    heart = threading.Thread(target=_beat, args=(what, began, over), daemon=True)
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join()
    say(f"{what}: {time.monotonic() - began:.1f} s")


def _beat(what: str, began: float, over: threading.Event) -> None:
    pause = FIRST_HEARTBEAT_SECONDS
    while not over.wait(pause):
        say(f"{what} … {time.monotonic() - began:.0f} s so far")
        pause = HEARTBEAT_SECONDS


def run(
    argv: Sequence[str | Path],
    *,
    words: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """What a program printed; its last words as a refusal if it failed."""
    done = subprocess.run(
        [str(part) for part in argv],
        input=words,
        stdin=subprocess.DEVNULL if words is None else None,
        capture_output=True,
        text=True,
        cwd=cwd,
        env=env,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip()[-WORDS_SHOWN:]
        raise Refused(f"{' '.join(str(part) for part in argv[:4])} … failed ({done.returncode}):\n{last}")
    return done.stdout


def succeeds(argv: Sequence[str | Path]) -> bool:
    """Whether a program ends with 0; what it says is dropped."""
    return subprocess.run([str(part) for part in argv], capture_output=True, check=False).returncode == 0


def wait_until(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Look again and again until it is true; a refusal that names it when it is not in time."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise Refused(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)
