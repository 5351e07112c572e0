"""Both servers end with their parent, however it ends, and their data serves the next one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import server_parent
from support.waiting import eventually

from imagebatch_embedded.postgres_server import PostgresServer
from imagebatch_embedded.processes import free_port
from imagebatch_embedded.seaweed_server import SeaweedPorts, SeaweedServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def orphans_to_be(data_folder: Path) -> Iterator[list[int]]:
    """Process ids of servers whose parent was just killed."""
    program = [sys.executable, server_parent.__file__, str(data_folder)]
    with subprocess.Popen(program, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        told = json.loads(parent.stdout.readline())
        pids = told["pids"]
        assert all(running(pid) for pid in pids)
        parent.kill()
    yield pids
    # Removes the sockets in /tmp, which nobody is left to do.
    SeaweedServer(data_folder, SeaweedPorts(*told["ports"])).stop()


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_servers_when_the_parent_is_killed_then_end(orphans_to_be: list[int]) -> None:
    assert len(orphans_to_be) == 2
    eventually(lambda: not any(running(pid) for pid in orphans_to_be), 20, "the end of both servers")


def test_postgres_when_its_last_parent_was_just_killed_then_starts(orphans_to_be: list[int], data_folder: Path) -> None:
    server = PostgresServer(data_folder, free_port())
    try:
        server.start()
        server.wait_ready(60)
        assert server.ready()
    finally:
        server.stop()
