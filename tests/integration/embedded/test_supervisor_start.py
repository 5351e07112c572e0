"""An installation that cannot come up: it can be given up at any time, says what is missing, leaves nothing running."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from support.waiting import eventually

from imagebatch.model.errors import Misconfigured
from imagebatch_embedded import programs, servers
from imagebatch_embedded import supervisor as supervisor_module
from imagebatch_embedded.background import running
from imagebatch_embedded.data_directory import DataDirectory
from imagebatch_embedded.processes import free_ports
from imagebatch_embedded.supervisor import START_SECONDS, Supervisor

if TYPE_CHECKING:
    from pathlib import Path

SOON_SECONDS = 30  # half of what a part may take


@pytest.fixture
def told() -> list[str]:
    """Every step of the supervisor."""
    return []


@pytest.fixture
def hopeless(data_folder: Path, told: list[str]) -> Supervisor:
    """Its store does not answer, so its API is never ready."""
    api_port, store_port = free_ports(2)
    settings = {
        "IMAGEBATCH_S3_ENDPOINT": f"http://127.0.0.1:{store_port}",
        "IMAGEBATCH_S3_ACCESS_KEY": "nobody",
        "IMAGEBATCH_S3_SECRET_KEY": "nothing",
    }
    environ = {**os.environ, **settings}
    return Supervisor(DataDirectory(data_folder / "data"), environ, api_port=api_port, tell=told.append)


def test_supervisor_when_told_to_stop_while_it_waits_for_a_part_ends(hopeless: Supervisor, told: list[str]) -> None:
    stop = Event()
    with ThreadPoolExecutor(1) as thread:
        starting = thread.submit(hopeless.start, stop)
        eventually(lambda: "starting api" in told, 60)
        stop.set()
        with pytest.raises(Misconfigured, match="told to stop"):
            starting.result(SOON_SECONDS)
    assert hopeless.pids() == {}


@pytest.mark.timeout(120)
def test_running_when_interrupted_during_the_start_does_not_wait_for_its_end(
    hopeless: Supervisor, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        eventually(lambda: "starting api" in told, 60)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    monkeypatch.setattr(supervisor_module, "START_SECONDS", 1_000)
    with ThreadPoolExecutor(1) as other:
        other.submit(interrupt)
        with pytest.raises(KeyboardInterrupt), running(hopeless):
            pass
    assert told[-1] == "stopping postgres"


def test_supervisor_when_a_part_is_not_ready_in_time_tells_what_it_waits_for(
    hopeless: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = Event()

    def unready(url: str) -> str:
        missing = ask(url)
        if "the store does not answer" in missing:
            over.set()
        return missing

    # All others have their time; this one's is over once it has said what it waits for.
    ask = programs._unready
    monkeypatch.setattr(programs, "_unready", unready)
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + 2 * START_SECONDS * over.is_set())
    monkeypatch.setattr(servers, "time", clock)
    with pytest.raises(Misconfigured, match=r"api was not ready after 60 seconds.*the store does not answer"):
        hopeless.start()
