"""A client that watches a whole batch as Server-Sent Events, over a restart of the API."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import pictures
from support.event_stream import Watcher
from support.service import Service, csv_of
from support.waiting import eventually

from imagebatch_embedded.data_directory import DataDirectory
from imagebatch_embedded.processes import free_port
from imagebatch_embedded.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.image_server import ImageServer

IMAGES = 300


@pytest.fixture
def supervised(data_folder: Path) -> Iterator[tuple[str, Supervisor]]:
    """The address of an installation of its own whose parts come back when they die, and its supervisor."""
    environ = {**os.environ, "IMAGEBATCH_FETCH_ALLOW": "127.0.0.1/32:*"}
    supervisor = Supervisor(DataDirectory(data_folder / "data"), environ, api_port=free_port())
    stop = threading.Event()
    with ThreadPoolExecutor(1) as thread:  # children end with the thread that started them
        try:
            url = thread.submit(supervisor.start).result(120).api_url
            thread.submit(supervisor.watch, stop)
            yield url, supervisor
        finally:
            stop.set()
            thread.submit(supervisor.stop).result(60)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_stream_over_a_restart_of_the_api_never_goes_back_and_adds_up(
    supervised: tuple[str, Supervisor], image_source: ImageServer, ending: signal.Signals
):
    url, supervisor = supervised
    photo = pictures.jpeg(1_200, 900)
    urls = [image_source.add(f"/{n}.jpg", photo) for n in range(IMAGES)]
    urls += [image_source.url(f"/missing-{n}.jpg") for n in range(5)]
    with Service(url) as service, ThreadPoolExecutor(1) as thread:
        watcher = Watcher(url, service.upload(csv_of([urls[at : at + 5] for at in range(0, len(urls), 5)])))
        watching = thread.submit(watcher.watch)
        eventually(lambda: watcher.told and watcher.told[-1]["counts"]["succeeded"], 60, "the first images")
        os.kill(supervisor.pids()["api"], ending)
        watching.result(120)
    assert watcher.connections >= 2
    assert len(watcher.told) >= 4
    watcher.assert_never_back()
    assert watcher.told[-1]["counts"] == {"total": IMAGES + 5, "pending": 0, "succeeded": IMAGES, "failed": 5}
