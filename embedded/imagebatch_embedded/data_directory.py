"""The folder in which an embedded installation lives: data of the servers, secrets, ports, logs, and a lock."""

from __future__ import annotations

import fcntl
import json
import os
import time
from base64 import b64encode
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, TextIO

from imagebatch.model.errors import Misconfigured
from imagebatch_embedded.processes import free_port, free_ports
from imagebatch_embedded.seaweed_server import SeaweedPorts
from imagebatch_embedded.servers import kept_secret

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_API_PORT = 8000
SHARD_LOG_DAYS = 30  # as long as requests are kept by default
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Ports:
    """Where things listen on the loopback; chosen once, so that links given out stay good."""

    api: int
    postgres: int
    s3: SeaweedPorts

    @classmethod
    def choose(cls, wanted_api_port: int | None) -> Ports:
        """Return free ports, no two the same, the API's the usual or the wanted one."""
        api = wanted_api_port or free_port(DEFAULT_API_PORT)
        postgres, *s3 = free_ports(1 + len(fields(SeaweedPorts)), but_not={api})
        return cls(api, postgres, SeaweedPorts(*s3))

    @classmethod
    def read(cls, file: Path) -> Ports:
        """Return the ports that were kept. Raises Misconfigured."""
        try:
            kept = json.loads(file.read_text())
            return cls(kept["api"], kept["postgres"], SeaweedPorts(**kept["s3"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"{file} cannot be read ({type(error).__name__}): delete it to have other ports chosen"
            raise Misconfigured(message) from error

    def check(self) -> None:
        """Raise Misconfigured if the API is to listen where the database or the store does."""
        kept_for = "Postgres" if self.api == self.postgres else "the store"
        if self.api in (self.postgres, *asdict(self.s3).values()):
            raise Misconfigured(f"port {self.api} is kept for {kept_for} here; choose another one with --port")

    def write(self, file: Path) -> None:
        """Keep the ports: whole, or as they were before. Raises Misconfigured."""
        passing = file.with_name(file.name + ".new")
        try:
            passing.write_text(json.dumps(asdict(self)))
            passing.rename(file)
        except OSError as error:
            raise Misconfigured(f"{file} cannot be written: {error}") from error


class DataDirectory:
    """The layout: postgres/, s3/, logs/, secrets/, tmp/, ports.json, lock. `open` makes it and holds the lock."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.logs = self.path / "logs"
        self.shard_logs = self.logs / "shards"
        self.temporary = self.path / "tmp"
        self.webhook_keys = self.path / "secrets" / "webhook-keys"
        self._lock: TextIO | None = None

    def open(self) -> None:
        """Make the folder if need be and lock it. Raises Misconfigured when another process holds it."""
        for folder in (self.path, self.logs, self.webhook_keys):
            folder.mkdir(parents=True, exist_ok=True)
        (self.path / "secrets").chmod(0o700)
        lock = (self.path / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise Misconfigured(f"{self.path} is in use by another `imagebatch dev`") from error
        self._lock = lock

    def close(self) -> None:
        """Let the lock go."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def drop_old_logs(self) -> None:
        """Remove the logs of shards that were written to last longer ago than requests are kept."""
        oldest = time.time() - SHARD_LOG_DAYS * DAY_SECONDS
        for log in self.shard_logs.glob("*.log"):
            if log.stat().st_mtime < oldest:
                log.unlink(missing_ok=True)

    def secret(self, name: str) -> str:
        """Return a secret of this installation, made at the first call, readable by the owner only."""
        return kept_secret(self.path / "secrets" / name)

    def webhook_key(self) -> str:
        """Return the default signing key (`whsec_…`), made at the first call, and leave it where it is mounted."""
        return kept_secret(self.webhook_keys / "default", lambda: "whsec_" + b64encode(os.urandom(32)).decode())

    def ports(self, wanted_api_port: int | None = None) -> Ports:
        """Return the ports, chosen at the first call and kept; `wanted_api_port` changes the API's for good.

        Raises Misconfigured: then they stay as they were.
        """
        file = self.path / "ports.json"
        kept = Ports.read(file) if file.exists() else None
        ports = kept or Ports.choose(wanted_api_port)
        if wanted_api_port:
            ports = replace(ports, api=wanted_api_port)
        ports.check()
        if ports != kept:
            ports.write(file)
        return ports
