"""PostgreSQL starts over a lock file whose process number is a zombie's by now, or another program's."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from imagebatch_embedded import placement
from imagebatch_embedded.postgres_server import PostgresServer
from imagebatch_embedded.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLEEP = ["/bin/sh", "-c", "echo; exec sleep 300"]


@pytest.fixture
def stale(data_folder: Path) -> tuple[PostgresServer, Path]:
    """A server that was made and stopped, and its lock file as it stood while it ran."""
    server = PostgresServer(data_folder, free_port())
    server.start()
    server.wait_ready(60)
    lock = server.folder / "postmaster.pid"
    text = lock.read_text()
    server.stop()
    lock.write_text(text)
    os.chown(lock, server.folder.stat().st_uid, server.folder.stat().st_gid)
    return server, lock


@contextmanager
def other_program() -> Iterator[subprocess.Popen[bytes]]:
    """A program of the server's user that has nothing to do with it."""
    user = placement.unprivileged_user()
    with subprocess.Popen(
        SLEEP, stdout=subprocess.PIPE, cwd="/", user=user and user.uid, group=user and user.gid
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        try:
            yield program
        finally:
            program.kill()


@pytest.mark.parametrize("is_zombie", [True, False], ids=["zombie", "other program"])
def test_postgres_when_the_number_in_its_lock_file_is_no_server_then_starts(
    stale: tuple[PostgresServer, Path], is_zombie: bool
) -> None:
    server, lock = stale
    with other_program() as program:
        if is_zombie:
            program.send_signal(signal.SIGKILL)
            os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOWAIT)
        lock.write_text("\n".join([str(program.pid), *lock.read_text().splitlines()[1:]]))
        again = PostgresServer(server.log.parent.parent, free_port())
        try:
            again.start()
            again.wait_ready(60)
            assert again.ready()
        finally:
            again.stop()
