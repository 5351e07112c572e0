"""The demo's folder: emptied at the start, but only if it is the demo's own."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagebatch.model.errors import Misconfigured
from imagebatch_embedded.data_directory import DataDirectory
from imagebatch_embedded.postgres_server import PostgresServer

if TYPE_CHECKING:
    from pathlib import Path

MARK = ".made-by-imagebatch-demo"


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """`data` is the installation, `input_csv` what is uploaded, `results` what comes out."""

    path: Path

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.path / "data"

    @property
    def input_csv(self) -> Path:
        """The CSV that is uploaded."""
        return self.path / "input.csv"

    @property
    def results(self) -> Path:
        """What the service gave back."""
        return self.path / "results"

    def renew(self) -> None:
        """Remove what an earlier demo left. Raises Misconfigured for a folder that is not its own, or in use."""
        try:
            self._renew()
        except OSError as error:
            raise Misconfigured(f"{self.path} cannot be used: {error}") from error

    def webhook_key(self) -> str:
        """Return the key that the demo's webhooks will be signed with, made at the first call."""
        directory = DataDirectory(self.data)
        directory.open()
        try:
            return directory.webhook_key()
        finally:
            directory.close()

    def _renew(self) -> None:
        mark = self.path / MARK
        if self.path.exists() and not mark.exists() and any(self.path.iterdir()):
            raise Misconfigured(f"{self.path} holds files that are not the demo's: name a new or empty folder")
        self.path.mkdir(parents=True, exist_ok=True)
        mark.touch()
        in_use = DataDirectory(self.data)
        in_use.open()
        try:
            # As root the database may lie elsewhere: see placement.
            shutil.rmtree(PostgresServer(self.data, 0).folder, ignore_errors=True)
            shutil.rmtree(self.results, ignore_errors=True)
            shutil.rmtree(self.data)
        finally:
            in_use.close()
