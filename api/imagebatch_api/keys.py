"""API keys: the mounted file that lists them, read again when it changes. Held by the container, asked by `caller`.

The file holds SHA-256 sums, never keys: keys are long random strings, for which a plain hash is enough.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagebatch.model.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,252}")
_SHA256 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A line of the file. What its holder makes belongs to `name`; it sees what belongs to `owners`, itself included.

    `digest` is the SHA-256 of the key's UTF-8 text. A name may have several keys, so that they can be changed.
    """

    name: str
    digest: bytes
    owners: frozenset[str]


def parse_keys(text: str) -> tuple[ApiKey, ...]:
    """Return the keys of lines `name:sha256[:owner,…]`; blank lines and those that begin with `#` say nothing.

    A file without keys lets nobody in: the last key can be taken back. Raises Misconfigured, which names the line and
    repeats nothing of it.
    """
    keys = tuple(_parsed(text))
    if len({key.digest for key in keys}) < len(keys):
        raise Misconfigured("it holds the same key twice")
    return keys


def _parsed(text: str) -> Iterator[ApiKey]:
    for number, line in enumerate(text.splitlines(), 1):
        said = line.strip()
        if said and not said.startswith("#"):
            yield _key(said, number)


def _key(line: str, number: int) -> ApiKey:
    name, _, rest = line.partition(":")
    digest, _, listed = rest.partition(":")
    owners = [owner.strip() for owner in listed.split(",")] if listed.strip() else []
    if not _NAME.fullmatch(name) or not _SHA256.fullmatch(digest) or not all(map(_OWNER.fullmatch, owners)):
        raise Misconfigured(f"line {number} is not name:sha256 or name:sha256:owner,owner")
    return ApiKey(name, bytes.fromhex(digest), frozenset({name, *owners}))


def matching(keys: Iterable[ApiKey], token: str) -> ApiKey | None:
    """Return the key that `token` is, None if it is none. The time tells nothing of the keys: all are compared."""
    digest = hashlib.sha256(token.encode()).digest()
    found = None
    for key in keys:
        if hmac.compare_digest(key.digest, digest):
            found = key
    return found


class KeyFile:
    """The keys of a file as it is now. A version of it that cannot be read leaves the keys of the last good one."""

    def __init__(self, path: Path, on_failure: Callable[[], object] = lambda: None) -> None:
        """Read the file; `on_failure` is called for each later version that is not used. Raises Misconfigured."""
        self._path = path
        self._on_failure = on_failure
        self._mark = _mark(path)
        self._keys = _read(path)

    def keys(self) -> tuple[ApiKey, ...]:
        """Return the keys, read anew if the file has changed."""
        mark = _mark(self._path)
        if mark != self._mark:
            self._mark = mark
            self._renew()
        return self._keys

    def _renew(self) -> None:
        try:
            self._keys = _read(self._path)
        except Misconfigured as error:
            self._on_failure()
            log.error("%s; the keys that were read before stay", error.message)
        else:
            log.info("the API keys were read anew: there are %d", len(self._keys))


def _mark(path: Path) -> tuple[int, ...] | None:
    """Return what changes with the file's content and its rights, None while there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    # The change time too: rights that were mended, and content that was copied with its old time, change nothing else.
    return found.st_ctime_ns, found.st_mtime_ns, found.st_size, found.st_ino


def _read(path: Path) -> tuple[ApiKey, ...]:
    try:
        return parse_keys(path.read_text("utf-8"))
    except OSError as error:
        raise Misconfigured(f"IMAGEBATCH_API_KEYS_FILE cannot be read: {error}") from error
    except UnicodeDecodeError as error:
        raise Misconfigured("IMAGEBATCH_API_KEYS_FILE is not UTF-8") from error
    except Misconfigured as error:
        raise Misconfigured(f"IMAGEBATCH_API_KEYS_FILE: {error.message}") from error
