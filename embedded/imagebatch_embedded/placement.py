"""Where the database may live when it cannot run as root. Used by `PostgresServer`; a no-op for ordinary users."""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from imagebatch.model.errors import Misconfigured
from imagebatch_embedded.processes import User

if TYPE_CHECKING:
    from collections.abc import Sequence

STATE_FOLDER = Path("/var/lib/imagebatch")
CACHE_FOLDER = Path("/var/cache/imagebatch")
NOBODY = User(65_534, 65_534)


def unprivileged_user() -> User | None:
    """Return the user to drop to: `nobody` when we are root, None otherwise. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return NOBODY
    return User(entry.pw_uid, entry.pw_gid)


def reachable(path: Path, user: User) -> bool:
    """Tell whether `user` may walk to `path`: every folder above it that exists has the search bit for them."""
    return all(_may_enter(folder, user) for folder in path.absolute().parents if folder.exists())


def data_folder(wanted: Path, user: User | None) -> Path:
    """Return `wanted`, or a folder under /var/lib that belongs to it when `user` cannot reach it.

    A note beside `wanted` names that folder, so that it is found wherever the data directory is moved. Raises
    Misconfigured when there is a database that was moved out of the user's reach.
    """
    note = wanted.with_name(f"{wanted.name}.elsewhere")
    if note.exists():
        return Path(note.read_text())
    if user is None or reachable(wanted, user):
        return wanted
    if (wanted / "PG_VERSION").exists():
        raise Misconfigured(f"{wanted} cannot be reached by uid {user.uid}: move the data directory outside")
    folder = _reachable_home(STATE_FOLDER, user, wanted) / f"{wanted.name}-{secrets.token_hex(6)}"
    note.parent.mkdir(parents=True, exist_ok=True)
    passing = note.with_name(f"{note.name}.new")
    passing.write_text(str(folder))
    passing.rename(note)
    return folder


def programs_home(home: Path, parts: Sequence[str], user: User | None) -> Path:
    """Return `home`, or a folder under /var/cache with a copy of its `parts`, made once, when `user` cannot reach it.

    The parts keep their places: programs find their libraries by relative paths. A part may be missing.
    """
    if user is None or reachable(home / parts[0] / "x", user):
        return home
    present = [part for part in parts if (home / part).exists()]
    stamp = [f"{(home / part).absolute()}:{(home / part).stat().st_mtime_ns}" for part in present]
    name = "programs-" + hashlib.sha256("\n".join(stamp).encode()).hexdigest()[:12]
    copy = _reachable_home(CACHE_FOLDER, user, home) / name
    if not copy.exists():
        _copy_whole(home, present, copy)
    return copy


def _copy_whole(home: Path, parts: Sequence[str], target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as passing:
        made = Path(passing) / "copy"
        for part in parts:
            shutil.copytree(home / part, made / part, symlinks=True)
        _open(made)
        try:
            made.rename(target)
        except OSError:
            if not target.exists():  # else another process was first, with the same files
                raise


def _open(copy: Path) -> None:
    """Let everybody read and enter what the owner can: the source may have been closed by a umask."""
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            owners = path.stat().st_mode & 0o500
            path.chmod(path.stat().st_mode | owners >> 3 | owners >> 6)


def _reachable_home(folder: Path, user: User, wanted: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
    except OSError as error:
        raise Misconfigured(
            f"{wanted} cannot be reached by uid {user.uid}, and {error}: choose a folder outside"
        ) from error
    if not reachable(folder / "x", user):
        raise Misconfigured(f"neither {wanted} nor {folder} can be reached by uid {user.uid}: choose a folder outside")
    return folder


def _may_enter(folder: Path, user: User) -> bool:
    state = folder.stat()
    if state.st_uid == user.uid:
        return bool(state.st_mode & stat.S_IXUSR)
    if state.st_gid == user.gid:
        return bool(state.st_mode & stat.S_IXGRP)
    return bool(state.st_mode & stat.S_IXOTH)
