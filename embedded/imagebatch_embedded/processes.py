"""Child processes that end with their parent, and ports for them. Used by servers, local jobs and the supervisor."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from imagebatch.model.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

LOOPBACK = "127.0.0.1"
# Below Linux's range for outgoing connections (32768 and up), so that a port that was kept stays free while we are off.
PORT_RANGE = range(15_000, 32_000)
TAIL_LINES = 15


@dataclass(frozen=True, slots=True)
class User:
    """Whom a child runs as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Command:
    """What to run: arguments, the whole environment, working folder, user, and the signal when the parent ends.

    `kept_open` are our descriptors that the child gets too.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path | None = None
    user: User | None = None
    on_parent_death: Literal["TERM", "KILL", "INT"] = "KILL"
    kept_open: Sequence[int] = ()


class Child:
    """A running child process. Start it from a thread that lives as long as this process: see `launch`."""

    def __init__(self, command: Command, log: Path) -> None:
        """Start `command`; what it prints is appended to `log`. Raises OSError if the log cannot be written."""
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                _launch_arguments(command),
                env=dict(command.environment),
                cwd=command.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=command.kept_open,
                start_new_session=True,  # Ctrl-C in a terminal is the parent's to handle, in its order
            )

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, the negative signal, or None while it runs."""
        return self._process.poll()

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """Wait for the end and return the exit code, or None if it still runs after the timeout."""
        try:
            return self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return None

    def send(self, number: signal.Signals) -> None:
        """Send a signal if the child still runs."""
        self._process.send_signal(number)

    def stop(self, grace_seconds: float, ending: signal.Signals = signal.SIGTERM) -> int:
        """Ask with `ending`, wait the grace, then kill the child with its process group. Returns the exit code."""
        self.send(ending)
        code = self.wait(grace_seconds)
        return self.kill() if code is None else code

    def kill(self) -> int:
        """End the child and its process group at once. Returns the exit code."""
        if self.returncode is None:
            # Not reaped yet, so the number of the group is still its own.
            os.killpg(self.pid, signal.SIGKILL)
        return self._process.wait()


def _launch_arguments(command: Command) -> list[str]:
    launcher = str(Path(__file__).with_name("launch.py"))
    options = ["--parent", str(os.getpid()), "--signal", command.on_parent_death]
    if command.user is not None:
        options += ["--uid", str(command.user.uid), "--gid", str(command.user.gid)]
    return [sys.executable, "-I", "-S", launcher, *options, "--", *command.arguments]


def log_tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log, empty if there is none."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def free_port(preferred: int | None = None) -> int:
    """Return `preferred` if nothing listens there on the loopback, else some free port."""
    return free_ports(1, preferred)[0]


def free_ports(count: int, preferred: int | None = None, *, but_not: Container[int] = ()) -> list[int]:
    """Return different free ports, none of `but_not`, `preferred` first if it is free.

    Nothing holds them until somebody listens there: draw those that are used together at once. Raises OSError if there
    are too few.
    """
    candidates = random.sample(PORT_RANGE, len(PORT_RANGE))
    if preferred is not None:
        candidates.insert(0, preferred)
    found: dict[int, None] = {}
    for port in candidates:
        if len(found) == count:
            return list(found)
        if port not in but_not and is_free(port):
            found[port] = None
    raise OSError(f"no {count} free ports on {LOOPBACK}")


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could listen on this port of an address of ours now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Connections that are dying do not count: servers set the same option.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def require_free(program: str, ports: Iterable[int]) -> None:
    """Raise Misconfigured, with what to do, if a server could not listen on one of these ports of the loopback."""
    taken = ", ".join(str(port) for port in ports if not is_free(port))
    if taken:
        raise Misconfigured(
            f"{program} cannot be started: ports in use: {taken}; end what listens there, or delete ports.json "
            "in the data directory to have other ports chosen"
        )
