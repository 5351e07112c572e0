"""The commands that a page shows, run as they are printed: only addresses and example values are filled in."""

from __future__ import annotations

import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from imagebatch_embedded.demo.picture_server import PictureServer
from support.command_line import PROGRAM, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
API, PICTURES = "http://127.0.0.1:8000", "http://127.0.0.1:8001"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What sets up, or runs until it is stopped: the tests have those running, or tests of their own.
ELSEWHERE = re.compile(r"^(\w+=\S+ )*make |^export PATH=|webhook listen")


def blocks(page: Path, language: str) -> list[str]:
    """Return the contents of a page's code blocks in a language."""
    return [text for kind, text in BLOCK.findall(page.read_text("utf-8")) if kind == language]


def scripts(page: Path) -> list[str]:
    """Return a page's shell blocks, without those that run elsewhere."""
    return [text for text in blocks(page, "sh") if not ELSEWHERE.search(text)]


@dataclass
class Shell:
    """Runs scripts in one folder, each with what earlier ones set. `filled` maps printed text to what stands for it."""

    folder: Path
    filled: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    _before: list[str] = field(default_factory=list)

    def run(self, script: str) -> str:
        """Run a script and return what it printed. Its assignments hold for the next ones."""
        for printed, real in self.filled.items():
            script = script.replace(printed, real)
        text = "set -euo pipefail\n" + "\n".join(self._before) + "\n" + script
        done = subprocess.run(
            ["bash", "-c", text + '\nprintf "%s" "${id-}" >.id'],
            cwd=self.folder,
            env=environment(self.settings),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        self._before = [f"id={(self.folder / '.id').read_text()}"]
        return done.stdout


@contextmanager
def sample_shell(api_url: str, folder: Path) -> Iterator[Shell]:
    """A shell in a folder with the sample CSV, its pictures served; the service's address is this test's."""
    samples = folder / "docs" / "samples"
    samples.mkdir(parents=True)
    with PictureServer() as pictures:
        text = (ROOT / "docs" / "samples" / "products.csv").read_text("utf-8")
        (samples / "products.csv").write_text(text.replace(PICTURES, pictures.url))
        filled = {API: api_url, ".venv/bin/imagebatch": str(PROGRAM)}
        yield Shell(folder, filled, {"IMAGEBATCH_URL": api_url, "API": api_url})
