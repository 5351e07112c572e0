"""Who the pipeline is compared with: programs as their users would write them, and the servers that they need.

Each reads a task as JSON from its standard input and prints the seconds of its work; its start is not counted.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import uuid
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bench.report import Absent, Goal
from bench.stage import TESTS
from support.waiting import eventually

from imagebatch.machine import available_cpus
from imagebatch.store import S3BlobStore
from imagebatch_embedded.processes import LOOPBACK, Child, Command, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bench.stage import Stage

ROOT = TESTS.parent
SOURCES = [str(ROOT / "core"), str(ROOT / "processor"), str(TESTS)]
START_SECONDS = 30.0
INSTALL_SECONDS = 600.0
# Progressive files, which thumbor writes unless told otherwise, take it much longer: nobody else here writes them.
THUMBOR = "ALLOW_UNSAFE_URL = True\nSTORAGE = 'thumbor.storages.no_storage'\nPROGRESSIVE_JPEG = False\n"


@dataclass(frozen=True)
class Contender:
    """A program that compresses pictures from their URLs into the store, and the goal for the pipeline over it."""

    name: str
    goal: Goal
    command: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    folder: Path = TESTS
    task: Mapping[str, str] = field(default_factory=dict)

    def images_per_second(self, stage: Stage, urls: list[str]) -> float:
        """Run it over these URLs; every picture has to arrive in the store, smaller than it was."""
        prefix = f"contenders/{uuid.uuid4()}/"
        task = {
            "endpoint": urlsplit(stage.store.s3_endpoint).netloc,
            "access_key": stage.store.s3_access_key,
            "secret_key": stage.store.s3_secret_key,
            "bucket": stage.store.s3_bucket,
            "prefix": prefix,
            "urls": urls,
            **self.task,
        }
        done = subprocess.run(
            self.command,
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], **self.environ},
            input=json.dumps(task),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        stored = [info.size for info in S3BlobStore(stage.store).list(prefix)]
        assert len(stored) == len(urls), f"{self.name} stored {len(stored)} of {len(urls)}"
        assert min(stored) > 10_000, f"{self.name}: a picture of {min(stored)} bytes"
        assert max(stored) < 400_000, f"{self.name}: a picture of {max(stored)} bytes"
        return len(urls) / float(done.stdout)


@contextmanager
def field_of(folder: Path) -> Iterator[list[Contender | Absent]]:
    """Install all contenders and start their servers, which work in `folder`; end them afterwards."""
    with ExitStack() as servers:

        def start(command: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
            whole = {"PATH": os.environ["PATH"], "HOME": str(folder), **(environ or {})}
            name = Path(command[0]).name
            child = Child(Command(command, whole, folder), folder / f"{name}.log")
            servers.callback(child.kill)

        yield [
            Contender("naive serial loop", Goal.least(2.2, stretch=2.5), module(sys.executable, "naive_loop")),
            had("Celery + Redis, same codec", lambda name: celery(name, start)),
            had("sharp script", sharp),
            had("thumbor behind a loader", lambda name: thumbor(name, start, folder)),
        ]


def had(name: str, build: Callable[[str], Contender]) -> Contender | Absent:
    """Return a contender, or why it cannot be installed."""
    try:
        return build(name)
    except subprocess.CalledProcessError as error:
        return Absent(name, error.stderr.strip().rpartition("\n")[2])


def celery(name: str, start: Callable[..., None]) -> Contender:
    """One worker process a core, with Celery's own settings; a Redis of its own carries calls and results."""
    python, redis, port = tools("celery") / "python", tools("redis") / "redis-server", free_port()
    environ = {"PYTHONPATH": os.pathsep.join(SOURCES), "REDIS_URL": f"redis://{LOOPBACK}:{port}/0"}
    start([str(redis), "--bind", LOOPBACK, "--port", str(port)])
    await_listener(port)
    worker = [str(python), "-m", "celery", "--app", "bench.contenders.celery_tasks", "worker"]
    start([*worker, "--concurrency", str(available_cpus()), "--loglevel", "WARNING"], environ)
    return Contender(name, Goal.least(1.7, stretch=2.0), module(str(python), "celery_loop"), environ)


def sharp(name: str) -> Contender:
    """A script on Node; libuv's four threads and sharp's one thread an image are what they are unless one asks."""
    packages = tools("sharp").parents[1]
    script = Path(__file__).with_name("sharp_loop.mjs")
    return Contender(name, Goal.least(1.25, stretch=1.5), ["node", str(script)], folder=packages)


def thumbor(name: str, start: Callable[..., None], folder: Path) -> Contender:
    """One process a core behind one port, without its own storage, and eight requests at once."""
    program, port, settings = tools("thumbor") / "thumbor", free_port(), folder / "thumbor.conf"
    settings.write_text(THUMBOR)
    where = ["--ip", LOOPBACK, "--port", str(port), "--conf", str(settings)]
    start([str(program), *where, "--processes", str(available_cpus())])
    await_listener(port)
    task = {"thumbor": f"http://{LOOPBACK}:{port}"}
    return Contender(name, Goal.least(1.25, stretch=1.5), module(sys.executable, "thumbor_loop"), task=task)


def module(python: str, name: str) -> list[str]:
    return [python, "-m", f"bench.contenders.{name}"]


def tools(name: str) -> Path:
    """Return the folder of programs that hack/bench_tools.sh installs. Raises CalledProcessError."""
    command = [str(ROOT / "hack" / "bench_tools.sh"), name]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    return Path(done.stdout.strip())


def await_listener(port: int) -> None:
    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, port)) == 0

    eventually(listens, START_SECONDS, f"a listener at {port}")
