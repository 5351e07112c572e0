"""The careful attempt at a shard, after one that died: images one by one, each marked before it is begun.

Whatever was marked when a careful attempt died may be what killed it. Used by the shard's loop in place of `Turns`.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from imagebatch.model.attempts import culprit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from imagebatch.model.attempts import History
    from imagebatch.model.plan import Image
    from imagebatch_processor.ledger import Ledger

log = logging.getLogger(__name__)


class CarefulTurns:
    """Images waiting, those under suspicion last. For one thread: what it was given before has ended."""

    def __init__(self, images: Sequence[Image], earlier: History, ledger: Ledger) -> None:
        self._waiting = iter(sorted(images, key=lambda image: image.index in earlier.suspects))
        self._count = len(images)
        self._ledger = ledger

    def __len__(self) -> int:
        """Return how many images there are in all."""
        return self._count

    @contextmanager
    def next(self) -> Iterator[Image | None]:
        """Take the next image once the store knows that it is begun; None if none waits."""
        image = next(self._waiting, None)
        if image is not None:
            self._ledger.mark(image.index)
        yield image


def careful_turns(images: Sequence[Image], earlier: History, ledger: Ledger) -> CarefulTurns:
    """Record the culprits among `images`, which are not tried again; return the turns of all others."""
    for image in images:
        if earlier.is_culprit(image.index):
            log.error("image %d killed every worker that began it and is given up", image.index)
            ledger.add(culprit(image.index, image.url, len(image.slots), earlier.suspects[image.index]))
    innocent = [image for image in images if not earlier.is_culprit(image.index)]
    return CarefulTurns(innocent, earlier, ledger)
