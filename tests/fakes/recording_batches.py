"""`MemoryBatches` that keeps what was written at the end, for tests of the operator."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from fakes.memory_batches import MemoryBatches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from imagebatch.model.errors import Unavailable
    from imagebatch.ports import Final, SettledSlot


class RecordingBatches(MemoryBatches):
    """`finals` and `slots` by request id. `locked`: another process settles; `finish_fails`: raised by `finish`."""

    def __init__(self) -> None:
        super().__init__()
        self.finals: dict[str, Final] = {}
        self.slots: dict[str, list[SettledSlot]] = {}
        self.locked = False
        self.finish_fails: Unavailable | None = None

    @contextmanager
    def settling(self, request_id: str) -> Iterator[bool]:
        yield not self.locked

    def finish(self, request_id: str, final: Final, slots: Iterable[SettledSlot]) -> bool:
        if self.finish_fails is not None:
            raise self.finish_fails
        found = list(slots)
        if not super().finish(request_id, final, found):
            return False
        self.finals[request_id], self.slots[request_id] = final, found
        return True
