"""Starts everything on one machine, keeps it running and stops it. Used by `imagebatch dev` and `imagebatch demo`.

Postgres and S3 of one's own are used instead of ours when IMAGEBATCH_DATABASE_URL or IMAGEBATCH_S3_ENDPOINT say so.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from imagebatch.machine import available_cpus
from imagebatch.model.errors import Misconfigured, Unavailable
from imagebatch.settings import DatabaseSettings, load
from imagebatch_embedded.postgres_server import PostgresServer
from imagebatch_embedded.processes import LOOPBACK, is_free
from imagebatch_embedded.programs import Program
from imagebatch_embedded.seaweed_server import SeaweedServer
from imagebatch_embedded.user_settings import (
    DATABASE_URL,
    HOST,
    LAST_PORT,
    LOCAL_SHARDS,
    MOST_SHARDS,
    PORT,
    S3_ENDPOINT,
    is_given,
    number,
)
from imagebatch_migrations import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from imagebatch_embedded.data_directory import DataDirectory, Ports
    from imagebatch_embedded.servers import LocalServer

START_SECONDS = 60.0
# What the operator has begun may end: a settlement and a webhook's try have 30 s and more, shards 15.
OPERATOR_STOP_SECONDS = 100.0
LOOK_SECONDS = 0.25
EVERY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
PORT_SECONDS = 5.0  # an API whose supervisor was killed needs a moment to go
FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 30.0
CALM_SECONDS = 60.0  # a program that ran so long starts its back-off anew


@dataclass(frozen=True, slots=True)
class Installation:
    """Where everything is. `postgres` and `s3` are None when they are not ours."""

    api_url: str
    data: Path
    logs: Path
    webhook_key: str
    postgres: str | None
    postgres_folder: Path | None
    s3: str | None


@dataclass(slots=True)
class _Restarts:
    """How often a part died lately, and when it may be started again."""

    count: int = 0
    started_at: float = 0.0
    due: float | None = None


class Supervisor:
    """All processes of one embedded installation. Call every method from one thread: children end with it.

    `environ` are the user's settings, which go before ours; `tell` gets a line about every step.
    """

    def __init__(
        self,
        data: DataDirectory,
        environ: Mapping[str, str],
        *,
        api_port: int | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._data = data
        self._environ = dict(environ)
        self._api_port = api_port
        self._tell = tell
        self._parts: list[LocalServer] = []
        self._restarts: dict[str, _Restarts] = {}

    def start(self, stop: Event | None = None) -> Installation:
        """Start all parts in order and return where they are. `stop`, once set, ends the start.

        Raises Misconfigured; nothing is left running then.
        """
        try:
            self._data.open()
            self._data.drop_old_logs()
            return self._start(stop or Event())
        except OSError as error:
            self.stop()
            raise Misconfigured(f"nothing can be started in {self._data.path}: {error}") from error
        except BaseException:
            self.stop()
            raise

    def watch(self, stop: Event) -> None:
        """Start parts that died again, with back-off, until `stop` is set."""
        while not stop.wait(LOOK_SECONDS):
            for part in self._parts:
                if part.returncode is not None:
                    self._revive(part)

    def pids(self) -> dict[str, int]:
        """Return the process id of every part that was started, by name."""
        return {part.name: part.pid for part in self._parts if part.pid is not None}

    def stop(self) -> None:
        """Stop all parts, the last started first, and let the data directory go."""
        for part in reversed(self._parts):
            self._tell(f"stopping {part.name}")
            part.stop(part.stop_seconds)
        self._parts.clear()
        self._data.close()

    def _start(self, stop: Event) -> Installation:
        environ, data = self._environ, self._data
        ports = data.ports(self._api_port or number(environ, PORT, LAST_PORT))
        chosen = self._chosen(ports)
        _await_free(ports.api, self._host, stop)
        postgres = None if is_given(environ, DATABASE_URL) else PostgresServer(data.path, ports.postgres)
        s3 = None if is_given(environ, S3_ENDPOINT) else SeaweedServer(data.path, ports.s3)
        for server in (postgres, s3):
            if server is not None:
                self._launch(server)
        for server in (postgres, s3):
            if server is not None:
                server.wait_ready(START_SECONDS, stop)
        environment = {**chosen, **environ, **_places(ports, postgres, s3)}
        self._upgrade(environment)
        self._start_programs(environment, ports, stop)
        return Installation(
            api_url=self._api_url(ports),
            data=data.path,
            logs=data.logs,
            webhook_key=data.webhook_key(),
            postgres=f"127.0.0.1:{ports.postgres}" if postgres else None,
            postgres_folder=postgres.folder if postgres else None,
            s3=s3.endpoint if s3 else None,
        )

    def _upgrade(self, environment: Mapping[str, str]) -> None:
        self._tell("bringing the database schema to the newest")
        try:
            upgrade(load(DatabaseSettings, environment).database_url)
        except Unavailable as error:
            raise Misconfigured(f"{error.message}: look at {DATABASE_URL} or at {self._data.logs}") from error

    def _start_programs(self, environment: Mapping[str, str], ports: Ports, stop: Event) -> None:
        logs, temporary = self._data.logs, self._data.temporary
        operator = Program(
            "operator",
            "imagebatch_embedded.operator_process",
            environment,
            logs,
            temporary=temporary / "operator",
            stop_seconds=OPERATOR_STOP_SECONDS,
        )
        ready_url = f"{self._api_url(ports)}/readyz"
        api = Program("api", "imagebatch_api", environment, logs, ready_url, temporary=temporary / "api")
        for program in (operator, api):
            self._launch(program)
        for program in (operator, api):
            program.wait_ready(START_SECONDS, stop)

    def _launch(self, part: LocalServer) -> None:
        self._tell(f"starting {part.name}")
        self._parts.append(part)
        self._restarts[part.name] = _Restarts(started_at=time.monotonic())
        part.start()

    def _revive(self, part: LocalServer) -> None:
        restarts, now = self._restarts[part.name], time.monotonic()
        if restarts.due is None:
            calm = now - restarts.started_at > CALM_SECONDS
            restarts.count = 0 if calm else restarts.count + 1
            wait = min(FIRST_BACKOFF_SECONDS * 2**restarts.count, LONGEST_BACKOFF_SECONDS)
            restarts.due = now + wait
            self._tell(f"{part.name} ended with {part.returncode}; starting it again in {wait:g} s")
        if now >= restarts.due:
            restarts.due, restarts.started_at = None, now
            try:
                part.start()
            except Misconfigured as error:
                self._tell(error.message)
                restarts.due = now + LONGEST_BACKOFF_SECONDS

    @property
    def _host(self) -> str:
        """The address on which the API listens."""
        return self._environ.get(HOST, LOOPBACK)

    def _api_url(self, ports: Ports) -> str:
        """Return where this machine reaches the API."""
        host = LOOPBACK if self._host in EVERY_ADDRESS else self._host
        return f"http://[{host}]:{ports.api}" if ":" in host else f"http://{host}:{ports.api}"

    def _chosen(self, ports: Ports) -> dict[str, str]:
        """Return the programs' settings as they are unless the user says otherwise."""
        shards = number(self._environ, LOCAL_SHARDS, MOST_SHARDS) or available_cpus()
        self._data.webhook_key()
        return {
            "IMAGEBATCH_PUBLIC_URL": self._api_url(ports),
            "IMAGEBATCH_LINK_SECRET": self._data.secret("link-secret"),
            "IMAGEBATCH_WEBHOOK_KEYS_DIR": str(self._data.webhook_keys),
            "IMAGEBATCH_SHARD_LOGS_DIR": str(self._data.shard_logs),
            # One encoder a shard and one shard a CPU: another batch never waits for a whole large one.
            LOCAL_SHARDS: str(shards),
            "IMAGEBATCH_PARALLELISM": str(shards),
            "IMAGEBATCH_SHARD_WORKERS": "1",
        }


def _places(ports: Ports, postgres: PostgresServer | None, s3: SeaweedServer | None) -> dict[str, str]:
    """Return where our own parts are, which no setting of the user's can say otherwise."""
    places = {PORT: str(ports.api)}
    if postgres is not None:
        places[DATABASE_URL] = postgres.url()
    if s3 is not None:
        places[S3_ENDPOINT] = s3.endpoint
        places["IMAGEBATCH_S3_BUCKET"] = s3.bucket
        places["IMAGEBATCH_S3_ACCESS_KEY"] = s3.access_key
        places["IMAGEBATCH_S3_SECRET_KEY"] = s3.secret_key
    return places


def _await_free(port: int, host: str, stop: Event) -> None:
    """Wait for the API's port. Raises Misconfigured: what else listens there would pass for our API."""
    deadline = time.monotonic() + PORT_SECONDS
    while not is_free(port, host):
        if stop.wait(LOOK_SECONDS) or time.monotonic() > deadline:
            raise Misconfigured(f"port {port} is in use; choose another one with --port")
