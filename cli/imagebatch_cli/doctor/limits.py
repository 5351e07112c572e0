"""What this machine lets a process have: open files, address space, processors, memory, disk."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from imagebatch.machine import available_cpus, available_memory_bytes
from imagebatch_cli.doctor.finding import Finding, failure, ok, warning
from imagebatch_cli.terminal import size

if TYPE_CHECKING:
    from collections.abc import Iterator

GIB = 1024**3
ENOUGH_FILES = 1024
ENOUGH_ADDRESS_SPACE_BYTES = 8 * GIB
SHARD_BYTES = GIB
ENOUGH_DISK_BYTES = 2 * GIB
LEAST_DISK_BYTES = 128 * 1024**2


def limit_findings() -> Iterator[Finding]:
    """Yield what is so of this process's limits, which those of `imagebatch dev` are too."""
    yield files_finding(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield address_space_finding(resource.getrlimit(resource.RLIMIT_AS)[0])
    cpus = available_cpus()
    yield ok("processors", f"{cpus}; so many shards run at once on this machine")
    yield memory_finding(available_memory_bytes(), cpus)


def files_finding(limit: int) -> Finding:
    """Judge how many files a process may have open."""
    if limit == resource.RLIM_INFINITY or limit >= ENOUGH_FILES:
        return ok("open files", "unlimited" if limit == resource.RLIM_INFINITY else f"up to {limit}")
    return warning("open files", f"only {limit} at once", f"Allow more: ulimit -n {ENOUGH_FILES * 4}")


def address_space_finding(limit_bytes: int) -> Finding:
    """Judge how much address space a process may reserve."""
    if limit_bytes == resource.RLIM_INFINITY or limit_bytes >= ENOUGH_ADDRESS_SPACE_BYTES:
        return ok("address space", "unlimited" if limit_bytes == resource.RLIM_INFINITY else size(limit_bytes))
    message = f"only {size(limit_bytes)}; servers and threads reserve more than they use"
    return warning("address space", message, "Limit it no more: ulimit -v unlimited")


def memory_finding(memory_bytes: int, shards: int) -> Finding:
    """Judge the memory, that of the machine cut by limits of its control groups."""
    wanted = shards * SHARD_BYTES
    if memory_bytes >= wanted:
        return ok("memory", f"{size(memory_bytes)}, control groups considered")
    fitting = max(1, memory_bytes // SHARD_BYTES)
    return warning(
        "memory",
        f"{size(memory_bytes)}, but {shards} shards at once may use {size(wanted)}",
        f"On this machine run fewer: IMAGEBATCH_LOCAL_SHARDS={fitting}",
    )


def disk_findings(data: Path) -> Iterator[Finding]:
    """Yield a finding for the data directory, or where it will be made, and one for temporary files."""
    yield disk_finding("data directory", data)
    yield _temporary_finding()


def _temporary_finding() -> Finding:
    subject = "temporary files"
    try:
        folder = Path(tempfile.gettempdir())  # writes a file: none is good on a full disk
    except OSError as error:
        return failure(subject, str(error.strerror), "Make room, or name a folder that can be written in TMPDIR.")
    return disk_finding(subject, folder)


def disk_finding(subject: str, folder: Path) -> Finding:
    """Judge the free space of a folder's disk, and whether the folder can be written."""
    place = folder
    try:
        place = _nearest(folder.absolute())
        free_bytes = shutil.disk_usage(place).free
    except OSError as error:
        return failure(subject, f"{place}: {error.strerror}", "Name another folder.")
    said = f"{size(free_bytes)} free in {place}"
    if not os.access(place, os.W_OK | os.X_OK):
        return failure(subject, f"{place} cannot be written", "Change its owner or rights, or name another folder.")
    if free_bytes < LEAST_DISK_BYTES:
        return failure(subject, said, "Make room: databases stop when a disk is full.")
    if free_bytes < ENOUGH_DISK_BYTES:
        return warning(subject, said, "Make room, or use another disk: it holds the CSVs and all output images.")
    return ok(subject, said)


def _nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one around it that is there and can be seen. Raises OSError."""
    for each in (folder, *folder.parents):
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            each.stat()
            return each
    return folder
