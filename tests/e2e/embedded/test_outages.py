"""Parts that die: the service says which one is away, accepts nothing half, and goes on when it is back."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest
from support import pictures
from support.open_folder import open_folder
from support.service import Service, csv_of
from support.waiting import eventually

from imagebatch_embedded.data_directory import DataDirectory
from imagebatch_embedded.processes import free_port
from imagebatch_embedded.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.image_server import ImageServer

CSV = {"content-type": "text/csv"}


class Watched:
    """An installation of its own; nothing is revived before `watch`."""

    def __init__(self, supervisor: Supervisor, thread: ThreadPoolExecutor) -> None:
        self.supervisor = supervisor
        self.stop = threading.Event()
        self._thread = thread
        self.service = Service(thread.submit(supervisor.start).result(120).api_url)

    def kill(self, name: str) -> None:
        """End a part as the machine's out-of-memory killer would."""
        os.kill(self.supervisor.pids()[name], signal.SIGKILL)

    def watch(self) -> None:
        self._thread.submit(self.supervisor.watch, self.stop)

    def end(self) -> None:
        self.stop.set()
        self._thread.submit(self.supervisor.stop).result(60)
        self.service.http.close()


@pytest.fixture
def watched() -> Iterator[Watched]:
    allowed = {"IMAGEBATCH_FETCH_ALLOW": "127.0.0.1/32:*"}
    with open_folder() as folder, ThreadPoolExecutor(1) as thread:
        made = Watched(
            Supervisor(DataDirectory(folder / "data"), {**os.environ, **allowed}, api_port=free_port()), thread
        )
        yield made
        made.end()


@pytest.mark.parametrize(("part", "dependency"), [("postgres", "database"), ("seaweedfs", "store")])
def test_upload_while_a_dependency_is_away_is_refused_and_works_once_it_is_back(
    watched: Watched, image_source: ImageServer, part: str, dependency: str
):
    data = csv_of([[image_source.add("/photo.jpg", pictures.jpeg())]])
    watched.kill(part)
    answer = eventually(lambda: _refused(watched.service, data), 30)
    assert answer.json()["code"] == f"{dependency}_unavailable"
    ready = watched.service.http.get("/readyz")
    assert ready.status_code == 503
    assert dependency in ready.text
    assert watched.service.http.get("/livez").status_code == 200
    watched.watch()
    eventually(lambda: watched.service.http.get("/readyz").status_code == 200, 60)
    assert watched.service.finish(watched.service.upload(data))["status"] == "Completed"


@pytest.mark.parametrize("part", ["api", "operator"])
def test_batch_when_a_program_is_killed_in_the_middle_still_completes(
    watched: Watched, image_source: ImageServer, part: str
):
    image_source.add("/photo.jpg", pictures.jpeg(640, 480))
    urls = [[image_source.url(f"/photo.jpg?{n}")] for n in range(300)]
    request_id = watched.service.upload(csv_of(urls))
    eventually(lambda: image_source.counts["/photo.jpg"] > 30, 30)
    watched.watch()
    watched.kill(part)
    eventually(lambda: _completed(watched.service, request_id), 120)
    assert watched.service.looks[-1]["counts"]["succeeded"] == 300


def _refused(service: Service, data: bytes) -> object:
    answer = service.http.post("/upload", content=data, headers=CSV)
    return answer if answer.status_code == 503 else None


def _completed(service: Service, request_id: str) -> bool:
    try:
        return bool(service.status(request_id)["status"] == "Completed")
    except httpx.HTTPError:  # the API is being started again
        return False
