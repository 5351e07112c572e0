"""Who asks, and whose batches they may see: the one place that says so. Every route over batches depends on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Caller:
    """A client. Its batches belong to `owner`; it sees those of `owners`."""

    owner: str
    owners: frozenset[str]


async def caller() -> Caller:
    """Return the caller: everyone is the one local owner."""
    return Caller(LOCAL, frozenset({LOCAL}))


CallerDep = Annotated[Caller, Depends(caller)]
