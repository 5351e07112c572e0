"""A client that watches a whole batch as Server-Sent Events, over a restart of the API."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import pictures
from support.event_stream import Watcher
from support.image_server import held_until
from support.service import Service, csv_of
from support.waiting import eventually

from imagebatch_embedded.data_directory import DataDirectory
from imagebatch_embedded.processes import free_port
from imagebatch_embedded.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.image_server import ImageServer

IMAGES = 300
HELD_SECONDS = 200.0  # one picture waits for the API to be back, so that the batch cannot end before
FETCH_SECONDS = 300.0
NEWS_SECONDS = 120.0


@pytest.fixture
def supervised(data_folder: Path) -> Iterator[tuple[str, Supervisor]]:
    """The address of an installation of its own whose parts come back when they die, and its supervisor."""
    settings = {"IMAGEBATCH_FETCH_ALLOW": "127.0.0.1/32:*", "IMAGEBATCH_FETCH_DEADLINE_SECONDS": str(FETCH_SECONDS)}
    environ = {**os.environ, **settings}
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
    photo, back = pictures.jpeg(1_200, 900), threading.Event()
    held = held_until(back, photo, HELD_SECONDS)
    urls = [image_source.add(f"/{n}.jpg", photo if n else held) for n in range(IMAGES)]
    urls += [image_source.url(f"/missing-{n}.jpg") for n in range(5)]
    with Service(url) as service, ThreadPoolExecutor(1) as thread, ExitStack() as stack:
        request_id = service.upload(csv_of([urls[at : at + 5] for at in range(0, len(urls), 5)]))
        watcher = stack.enter_context(Watcher(url, request_id))
        stack.callback(back.set)
        watching = thread.submit(watcher.watch)
        eventually(lambda: watcher.told and watcher.told[-1]["counts"]["succeeded"], 60, "the first images")
        os.kill(supervisor.pids()["api"], ending)
        eventually(lambda: watcher.streams[1:] and watcher.streams[-1], NEWS_SECONDS, "news over a new connection")
        assert watcher.streams[-1][0]["status"] == "Processing"
        back.set()
        watching.result(120)
    watcher.assert_never_back()
    assert watcher.told[-1]["counts"] == {"total": IMAGES + 5, "pending": 0, "succeeded": IMAGES, "failed": 5}
