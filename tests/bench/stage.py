"""What the measurements run against: a whole embedded installation, its object store, and the pictures' server."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.photographs import photographs
from support.open_folder import open_folder

from imagebatch.settings import StoreSettings
from imagebatch_embedded.data_directory import DataDirectory
from imagebatch_embedded.processes import free_port
from imagebatch_embedded.seaweed_server import ACCESS_KEY
from imagebatch_embedded.servers import kept_secret
from imagebatch_embedded.supervisor import Installation, Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TESTS = Path(__file__).parents[1]
ALLOWED = "127.0.0.1/32:*"
BUCKET = "imagebatch"
START_SECONDS, STOP_SECONDS = 120, 60


@dataclass(frozen=True)
class Stage:
    """A running installation with its store, and where the pictures are."""

    installation: Installation
    store: StoreSettings
    picture_port: int

    def urls(self, run: str, count: int, milliseconds: int = 0) -> list[str]:
        """Return different URLs of the photographs in turn; `run` sets them apart from other runs'.

        The server takes that many `milliseconds` before it answers.
        """
        pictures = len(photographs())
        server = f"http://127.0.0.1:{self.picture_port}" + (f"/{milliseconds}ms" if milliseconds else "")
        return [f"{server}/{n % pictures}.jpg?{run}-{n}" for n in range(count)]


@contextmanager
def stage() -> Iterator[Stage]:
    """Start an installation in a temporary folder and the pictures' server; stop both at the end."""
    with open_folder() as folder, picture_server(folder) as port, installed(folder / "data") as installation:
        assert installation.s3 is not None
        secret = kept_secret(installation.data / "s3" / "secret_key")
        yield Stage(installation, StoreSettings(installation.s3, ACCESS_KEY, secret, BUCKET), port)


@contextmanager
def installed(data: Path) -> Iterator[Installation]:
    """Run everything under a supervisor, in a thread of its own: its children end with it."""
    environ = {**os.environ, "IMAGEBATCH_FETCH_ALLOW": ALLOWED}
    supervisor = Supervisor(DataDirectory(data), environ, api_port=free_port())
    with ThreadPoolExecutor(1) as one_thread:
        try:
            yield one_thread.submit(supervisor.start).result(START_SECONDS)
        finally:
            one_thread.submit(supervisor.stop).result(STOP_SECONDS)


@contextmanager
def picture_server(folder: Path, pictures: Sequence[bytes] = (), host: str = "127.0.0.1") -> Iterator[int]:
    """Serve pictures, the photographs unless others are given, from a process of its own; yields the port."""
    files = []
    for number, picture in enumerate(pictures or photographs()):
        file = folder / f"{number}.jpg"
        file.write_bytes(picture)
        files.append(str(file))
    server = subprocess.Popen(
        [sys.executable, "-m", "bench.picture_server", host, *files], cwd=TESTS, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        yield int(server.stdout.readline())
    finally:
        server.terminate()
        server.wait(STOP_SECONDS)
        server.stdout.close()


def environment(store: StoreSettings, more: Mapping[str, str]) -> dict[str, str]:
    """Return what a shard started by hand needs: PATH, the store, the loopback allowed, and `more`."""
    return {
        "PATH": os.environ["PATH"],
        "IMAGEBATCH_S3_ENDPOINT": store.s3_endpoint,
        "IMAGEBATCH_S3_ACCESS_KEY": store.s3_access_key,
        "IMAGEBATCH_S3_SECRET_KEY": store.s3_secret_key,
        "IMAGEBATCH_S3_BUCKET": store.s3_bucket,
        "IMAGEBATCH_FETCH_ALLOW": ALLOWED,
        **more,
    }
