"""`imagebatch dev` as a child: its parts can be killed or stopped by name, and it can be started again on its data."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Self

from fixtures.servers import S3Server

from imagebatch_embedded.data_directory import DataDirectory, Ports
from imagebatch_embedded.postgres_server import PostgresServer
from imagebatch_embedded.processes import free_ports
from imagebatch_embedded.seaweed_server import SeaweedPorts, SeaweedServer
from support.command_line import BackgroundCommand, alive, descendants
from support.invariants import Site
from support.process_tree import signal_tree
from support.service import Service
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.image_server import ImageServer
    from support.webhook_receiver import WebhookReceiver

START_SECONDS = 90.0
STOP_SECONDS = 90.0
GONE_SECONDS = 40.0  # a shard has 13 s, a server that is asked to end has longer

AT_WORK_SECONDS = 0.8

# What stands in each part's command line.
PARTS = {
    "api": "imagebatch_api",
    "operator": "imagebatch_embedded.operator_process",
    "shard": "imagebatch_processor",
    "codec": "imagebatch_processor.codec_child",
    "postgres": "postgres",
    "s3": "weed",
}
PASSING = ("shard", "codec")  # they end by themselves


class DevInstallation:
    """An installation in `data` whose parts are known by name: those of PARTS, and `supervisor`."""

    def __init__(self, data: Path, settings: Mapping[str, str]) -> None:
        self.data = data
        self.settings = dict(settings)
        # All at once, before any is listened on: no two are the same. The spare one is for what a test adds.
        self.port, self.spare_port, postgres, *s3 = free_ports(3 + len(fields(SeaweedPorts)))
        data.mkdir(parents=True)
        Ports(self.port, postgres, SeaweedPorts(*s3)).write(data / "ports.json")
        self._command: BackgroundCommand | None = None
        self._stack = ExitStack()
        self._client: Service | None = None
        self._paused_at = 0.0

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def command(self) -> BackgroundCommand:
        assert self._command is not None
        return self._command

    def service(self) -> Service:
        """Return a client of the running service."""
        assert self._client is not None
        return self._client

    def start(self) -> None:
        """Start `imagebatch dev` and wait until it says that it runs."""
        self._command = BackgroundCommand("dev", "--data", self.data, "--port", self.port, settings=self.settings)
        self._stack.enter_context(self._command)
        told = self._command.wait_for("Try: imagebatch", START_SECONDS)
        found = re.search(r"ImageBatch runs at (\S+)", told)
        assert found
        self._client = self._stack.enter_context(Service(found[1]))

    def stop(self) -> None:
        """End the command, if it still runs, and wait for the end of everything that it started."""
        children = descendants(self.command.pid)
        self._stack.close()
        eventually(lambda: not alive(children), GONE_SECONDS, "the end of every process")
        SeaweedServer(self.data, Ports.read(self.data / "ports.json").s3).stop()  # removes its sockets in /tmp

    def restart(self) -> None:
        """Start `imagebatch dev` again after its end, at once: what it left behind may still be ending."""
        self._stack.close()
        self.start()

    def pids(self, part: str) -> list[int]:
        """Return the processes of a part: of a server only the first, which has children of its own."""
        if part == "supervisor":
            return [self.command.pid]
        ours = descendants(self.command.pid)
        found = [pid for pid in ours if _is(pid, PARTS[part])]
        return found[:1] if part == "postgres" else found

    def kill(self, part: str) -> int:
        """End a process of a part as the machine's out-of-memory killer would; return its id.

        It is at work then: one that was only just started has nothing to lose.
        """
        return eventually(lambda: self._killed(part, AT_WORK_SECONDS), 30, f"a process of {part} at work")

    def kill_now(self, part: str) -> int | None:
        """End a process of a part likewise, if one is there now, even if it was only just started; return its id."""
        return self._killed(part, 0.0)

    def _killed(self, part: str, least_seconds: float) -> int | None:
        """Kill one process of a part that runs and has for so long; return its id, None if there is none."""
        at_work = [pid for pid in alive(self.pids(part)) if _age_seconds(pid) >= least_seconds]
        # Of those that come and go, the youngest has most of its work left.
        for pid in sorted(at_work, key=_age_seconds, reverse=part not in PASSING):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                return pid
        return None

    def pause(self, part: str) -> list[int]:
        """Stop all processes of a part (SIGSTOP); return them, for `resume`. Raises ProcessLookupError: it is away."""
        pids = self.pids(part)
        if not pids:
            raise ProcessLookupError(part)
        paused = signal_tree(pids[0], signal.SIGSTOP)
        self._paused_at = time.monotonic()
        return paused

    def paused_seconds(self) -> float:
        """Return how long ago a part was last stopped."""
        return time.monotonic() - self._paused_at

    def resume(self, paused: list[int]) -> None:
        """Let stopped processes go on."""
        for pid in paused:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    @property
    def database_url(self) -> str:
        """The database's address, for looking behind the service's back."""
        return PostgresServer(self.data, Ports.read(self.data / "ports.json").postgres).url()

    @property
    def s3(self) -> S3Server:
        """The store's address, likewise."""
        server = SeaweedServer(self.data, Ports.read(self.data / "ports.json").s3)
        return S3Server(server.endpoint, server.access_key, server.secret_key, server.bucket)

    @property
    def webhook_key(self) -> str:
        return DataDirectory(self.data).webhook_key()


def site_of(
    dev: DevInstallation,
    source: ImageServer,
    receiver: WebhookReceiver,
    *,
    database_url: str | None = None,
    s3: S3Server | None = None,
) -> Site:
    """Return where the invariants look at an installation; database and store are its own unless given."""
    return Site(
        service=dev.service,
        database_url=database_url or dev.database_url,
        s3=s3 or dev.s3,
        prefix="",
        webhook_key=dev.webhook_key,
        receiver=receiver,
        source=source,
        at_work=lambda: _workers(dev.command.pid).total(),
        left=lambda: [str(file) for file in (dev.data / "tmp").rglob("*") if "imagebatch-settle-" in file.name],
    )


def _workers(root: int) -> Counter[str]:
    """Count what runs of shards and their codec children below a process."""
    found: Counter[str] = Counter()
    for pid in descendants(root):
        try:
            words = (Path("/proc") / str(pid) / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        found.update(word.decode() for word in words if word.startswith(b"imagebatch_processor"))
    return found


def _is(pid: int, word: str) -> bool:
    """Tell whether a process runs the program or module `word`."""
    try:
        arguments = (Path("/proc") / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return word.encode() in arguments or Path(os.fsdecode(arguments[0])).name == word


def _age_seconds(pid: int) -> float:
    """Return for how long a process has run; 0 for one that is gone."""
    try:
        started_ticks = int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started_ticks / os.sysconf("SC_CLK_TCK")
