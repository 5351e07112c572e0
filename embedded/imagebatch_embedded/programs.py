"""Our own programs as children of the supervisor: the API and the operator loop."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

from imagebatch_embedded.processes import Command
from imagebatch_embedded.servers import STOP_SECONDS, LocalServer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from imagebatch.model.errors import Misconfigured

READY_TIMEOUT_SECONDS = 5.0


class Program(LocalServer):
    """A Python module run as a program; ready when `ready_url` answers 200, or at once when it has none.

    `temporary` is a folder for its temporary files alone, emptied before each start: a program that is killed leaves
    what it had.
    """

    def __init__(
        self,
        name: str,
        module: str,
        environment: Mapping[str, str],
        logs: Path,
        ready_url: str | None = None,
        *,
        temporary: Path | None = None,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        super().__init__(logs / f"{name}.log")
        self.name = name
        self._module = module
        self._environment = environment
        self._ready_url = ready_url
        self._temporary = temporary
        self.stop_seconds = stop_seconds
        self._missing = ""

    def prepare(self) -> Command:
        """Return the command. Its children end with it, and it with the supervisor, asked and not killed."""
        environment = dict(self._environment)
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary.mkdir(parents=True, exist_ok=True)
            environment["TMPDIR"] = str(self._temporary)
        return Command([sys.executable, "-m", self._module], environment, on_parent_death="TERM")

    def ready(self) -> bool:
        """Tell whether the program is up."""
        if self.returncode is not None or self._ready_url is None:
            return self.returncode is None
        self._missing = _unready(self._ready_url)
        return not self._missing

    def failure(self, message: str) -> Misconfigured:
        """Return the error, with what the program itself said it was waiting for."""
        return super().failure(f"{message} ({self._missing})" if self._missing else message)


def _unready(url: str) -> str:
    """Return why a program is not ready, empty when it is."""
    try:
        # Our own address: a proxy from the environment has no part in it.
        with build_opener(ProxyHandler({})).open(url, timeout=READY_TIMEOUT_SECONDS):
            return ""
    except HTTPError as error:
        with error:
            return error.read().decode(errors="replace")
    except (URLError, OSError) as error:
        return str(error)
