"""S3 as the played clock has it: a real store's own clock does not jump when that one does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from imagebatch.store import S3BlobStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from imagebatch.ports import BlobInfo, Clock
    from imagebatch.settings import StoreSettings


class PlayedTimeStore(S3BlobStore):
    """An S3 whose objects are as old as `clock` says."""

    def __init__(self, settings: StoreSettings, clock: Clock) -> None:
        super().__init__(settings)
        self._played = clock
        self._written_at: dict[str, datetime] = {}

    def put(self, key: str, data: bytes | memoryview, content_type: str) -> None:
        self._written_at[key] = self._played.now()
        super().put(key, data, content_type)

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        self._written_at[key] = self._played.now()
        super().put_file(key, path, content_type)

    def list(self, prefix: str) -> Iterator[BlobInfo]:
        for found in super().list(prefix):
            yield replace(found, modified_at=self._written_at[found.key])
