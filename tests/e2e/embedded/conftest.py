"""One whole embedded installation for the session: real Postgres, real S3, API, operator loop and shards."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from support.open_folder import open_folder
from support.service import Service

from imagebatch_embedded.data_directory import DataDirectory
from imagebatch_embedded.processes import free_port
from imagebatch_embedded.supervisor import Installation, Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Only this address: the rest of the loopback stands for everything that must not be reached.
ALLOWED = "127.0.0.1/32:*"


@pytest.fixture(scope="session")
def installation_folder() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def installation(installation_folder: Path) -> Iterator[Installation]:
    """A running installation under its supervisor, which lives in a thread of its own: its children end with it."""
    environ = {**os.environ, "IMAGEBATCH_FETCH_ALLOW": ALLOWED, "IMAGEBATCH_WEBHOOK_ALLOW": ALLOWED}
    supervisor = Supervisor(DataDirectory(installation_folder / "data"), environ, api_port=free_port())
    stop = threading.Event()
    with ThreadPoolExecutor(1) as one_thread:
        try:
            yield one_thread.submit(supervisor.start).result(120)
        finally:
            stop.set()
            one_thread.submit(supervisor.stop).result(60)


@pytest.fixture
def service(installation: Installation) -> Iterator[Service]:
    """The service as a client sees it."""
    with Service(installation.api_url) as client:
        yield client
