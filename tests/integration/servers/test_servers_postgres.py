"""A local Postgres starts, keeps its data over a restart, and stands beside another one."""

from __future__ import annotations

import os
import stat
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import psycopg2
import pytest

from imagebatch.model.errors import Misconfigured
from imagebatch_embedded.postgres_server import PostgresServer
from imagebatch_embedded.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def running(data: Path, port: int | None = None) -> Iterator[PostgresServer]:
    server = PostgresServer(data, port or free_port())
    try:
        server.start()
        server.wait_ready(60)
        yield server
    finally:
        server.stop()


def ask(server: PostgresServer, statement: str, password: str | None = None) -> list[tuple[object, ...]]:
    given = {} if password is None else {"password": password}
    with closing(psycopg2.connect(server.url(), **given)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_postgres_when_restarted_then_keeps_its_data(data_folder: Path) -> None:
    with running(data_folder) as server:
        ask(server, "CREATE TABLE kept AS SELECT 7 AS number")
    with running(data_folder) as server:
        assert ask(server, "SELECT number FROM kept") == [(7,)]


def test_postgres_when_there_are_two_then_each_has_its_data(data_folder: Path) -> None:
    with running(data_folder / "one") as one, running(data_folder / "two") as two:
        ask(one, "CREATE TABLE mine ()")
        assert ask(two, "SELECT to_regclass('mine')") == [(None,)]


def test_postgres_when_stopped_with_an_open_connection_then_ends_cleanly(data_folder: Path) -> None:
    with running(data_folder) as server, closing(psycopg2.connect(server.url())):
        assert server.stop() == 0


def test_postgres_when_its_port_is_taken_then_names_it_and_what_to_do(
    data_folder: Path, postgres_server: PostgresServer
) -> None:
    port = postgres_server.port
    with pytest.raises(Misconfigured, match=rf"postgres cannot be started: .* {port}.*delete ports\.json"):
        PostgresServer(data_folder, port).start()


def test_postgres_when_the_password_is_wrong_then_refuses(postgres_server: PostgresServer) -> None:
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        ask(postgres_server, "SELECT 1", password="guessed")


def test_postgres_when_made_then_only_its_owner_reads_the_password(postgres_server: PostgresServer) -> None:
    file = postgres_server.folder / "password"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(file.read_text()) == 48


def test_postgres_when_made_then_text_is_utf8_and_time_is_utc(postgres_server: PostgresServer) -> None:
    assert ask(postgres_server, "SHOW server_encoding") == [("UTF8",)]
    assert ask(postgres_server, "SHOW timezone") == [("UTC",)]


def test_postgres_when_run_by_root_then_runs_as_another_user(postgres_server: PostgresServer) -> None:
    owner = postgres_server.folder.stat().st_uid
    assert (owner == os.geteuid()) == (os.geteuid() != 0)


def test_postgres_when_it_cannot_start_then_shows_the_log(data_folder: Path) -> None:
    with running(data_folder) as server:
        settings = server.folder / "postgresql.conf"
    settings.unlink()
    with pytest.raises(Misconfigured, match="could not access the server configuration file"), running(data_folder):
        pass
