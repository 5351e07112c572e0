"""Where the CSV of a request comes from that was declared by hand. Plain data, used by operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imagebatch.model.batch import BatchSpec, Resource


@dataclass(frozen=True, slots=True)
class ObjectSource:
    """An object in the store, with the SHA-256 of its bytes in hex."""

    key: str
    sha256: str


@dataclass(frozen=True, slots=True)
class InlineSource:
    """The CSV itself."""

    text: str


@dataclass(frozen=True, slots=True)
class ConfigMapSource:
    """A key of a ConfigMap in the resource's namespace."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class UrlSource:
    """An address that the CSV is fetched from, behind the address guard."""

    url: str


@dataclass(frozen=True, slots=True)
class RetrySource:
    """A request that has ended, whose failed images are done again."""

    request_id: str


Source = ObjectSource | InlineSource | ConfigMapSource | UrlSource | RetrySource


@dataclass(frozen=True, slots=True)
class HandWritten:
    """An ImageBatch that somebody wrote: its request id is its uid."""

    resource: Resource
    source: Source
    spec: BatchSpec

    @property
    def request_id(self) -> str:
        """The id of the request that it is to become."""
        return self.resource.uid or ""

    @property
    def owner(self) -> str:
        """The owner of that request: all who may read its namespace."""
        return f"k8s:{self.resource.namespace}"
