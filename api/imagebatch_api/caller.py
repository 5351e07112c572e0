"""Who asks, and whose batches they may see: the one place that says so. Every route over batches depends on it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from imagebatch.model.errors import ImageBatchError
from imagebatch_api.container import Container, ContainerDep
from imagebatch_api.keys import matching

LOCAL = "local"

_bearer = HTTPBearer(
    scheme_name="ApiKey",
    description="An API key of this installation: `Authorization: Bearer <key>`. Without keys, none is asked for.",
    auto_error=False,
)
SentKey = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class Unauthorized(ImageBatchError):
    """No API key was sent, or one that is not known."""

    code = "unauthorized"


@dataclass(frozen=True, slots=True)
class Caller:
    """A client. Its batches belong to `owner`; it sees those of `owners`."""

    owner: str
    owners: frozenset[str]


async def caller(container: ContainerDep, sent: SentKey) -> Caller:
    """Return the caller: the holder of the API key, or where none is asked for the one local owner.

    Raises Unauthorized.
    """
    if container.keys is None:
        return Caller(LOCAL, frozenset({LOCAL}))
    found = holder(container, sent)
    if found is None:
        raise Unauthorized("Send a valid API key: Authorization: Bearer <key>." if sent else "An API key is needed.")
    return found


def holder(container: Container, sent: HTTPAuthorizationCredentials | None) -> Caller | None:
    """Return who holds the API key that was sent, None if it is none or keys are off."""
    if container.keys is None or sent is None:
        return None
    token = sent.credentials.encode("latin-1").decode(errors="replace")  # headers are decoded as Latin-1, sent as UTF-8
    key = matching(container.keys.keys(), token)
    return None if key is None else Caller(key.name, key.owners)


CallerDep = Annotated[Caller, Depends(caller)]
