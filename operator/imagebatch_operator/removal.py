"""Removes the objects of requests from the store, up to a number at once. Used by housekeeping.

Stopped or killed half-way, it goes on where it was: what is left is listed anew.
"""

from __future__ import annotations

import logging
from itertools import islice
from typing import TYPE_CHECKING

from imagebatch.model import names

if TYPE_CHECKING:
    import threading

    from imagebatch.ports import BlobStore

AT_ONCE = 500  # so soon does a stop come through

log = logging.getLogger(__name__)


class Remover:
    """Removes at most `most` objects, fewer when `stop` is set."""

    def __init__(self, store: BlobStore, most: int, stop: threading.Event) -> None:
        self._store = store
        self._left = most
        self._stop = stop

    @property
    def is_spent(self) -> bool:
        """True when it removes nothing any more."""
        return self._left <= 0 or self._stop.is_set()

    def remove_all(self, request_id: str) -> bool:
        """Remove everything of a request; return whether all of it is gone."""
        prefix = names.request_prefix(request_id)
        if not self._remove(request_id, [blob.key for blob in self._store.list(prefix)]):
            return False
        self._remove_folder(prefix)
        return True

    def remove_all_but_images(self, request_id: str) -> bool:
        """Remove everything of a request but its outputs; return whether all of it is gone."""
        listed = self._store.list(names.request_prefix(request_id))
        images = names.image_key(request_id, "")
        return self._remove(request_id, [blob.key for blob in listed if not blob.key.startswith(images)])

    def _remove(self, request_id: str, keys: list[str]) -> bool:
        """Remove objects: outputs after all that speaks of them, input.csv last: it tells whether any other is left.

        A retry whose row is lost may be made anew at any moment, and takes over the results that it finds.
        """
        images, last = names.image_key(request_id, ""), names.input_key(request_id)
        waiting = iter(sorted(keys, key=lambda key: (key == last, key.startswith(images))))
        removed = 0
        while not self.is_spent and (some := list(islice(waiting, min(AT_ONCE, self._left)))):
            self._store.delete(some)
            self._left -= len(some)
            removed += len(some)
        if removed:
            log.info("removed %d of %d objects of %s", removed, len(keys), request_id)
        return removed == len(keys)

    def _remove_folder(self, prefix: str) -> None:
        """Remove an empty folder, from the inside out: stores with real folders keep them."""
        for folder in self._store.folders(prefix):
            self._remove_folder(folder)
        self._store.delete([prefix])
