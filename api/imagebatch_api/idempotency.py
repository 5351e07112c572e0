"""Idempotency-Key: one upload however often it is sent. Used by the upload route.

The key is held in the database while the upload is made; a process that dies lets go of it and leaves no request.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagebatch.model.errors import Conflict, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagebatch.ports import Batches, IdempotencyKey
    from imagebatch_api.schemas.uploads import UploadOptionsIn

MAX_KEY_LENGTH = 255
KEY_PATTERN = "^[!-~]+$"  # visible ASCII


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request that an upload made, or that an earlier one with the same key made (`replayed`)."""

    request_id: str
    replayed: bool = False


def fingerprint(data: bytes, options: UploadOptionsIn) -> str:
    """Return the SHA-256 over the CSV's SHA-256 and the options, defaults filled in: the same for form and raw body."""
    said = options.model_dump_json(exclude={"dry_run"})
    return hashlib.sha256(hashlib.sha256(data).digest() + said.encode()).hexdigest()


def once(batches: Batches, owner: str, key: IdempotencyKey, make: Callable[[], str]) -> Accepted:
    """Return what `make` makes, or what an earlier upload with the same key made. Blocks.

    Raises Conflict while another one is under way, InvalidRequest when the earlier one sent something else.
    """
    with batches.claiming(owner, key.key) as mine:
        if not mine:
            raise _in_use()
        earlier = batches.keyed(owner, key.key)
        if earlier is not None:
            return _replayed(earlier, key)
        try:
            return Accepted(make())
        except Conflict as error:  # the last guard: the lock was lost with its connection
            raise _in_use() from error


def _in_use() -> Conflict:
    message = "An upload with this Idempotency-Key is under way; send it again."
    return Conflict(message, code="idempotency_key_in_use")


def _replayed(earlier: tuple[str, str], key: IdempotencyKey) -> Accepted:
    request_id, sent = earlier
    if sent != key.fingerprint:
        message = "This Idempotency-Key was used for another file or other options."
        raise InvalidRequest(message, code="idempotency_key_reused")
    return Accepted(request_id, replayed=True)
