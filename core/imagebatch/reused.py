"""What a retry keeps of its parents: reused.jsonl, an image and its outcome on each line, by index.

Written by `retry` when it is accepted; read by the operator when it settles, and by the retry of a retry.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imagebatch.model.batch import Bytes, Counts, Progress
from imagebatch.model.names import images_key, reused_key
from imagebatch.model.plan import Image, Reused
from imagebatch.model.results import Outcome, Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from imagebatch.model.plan import Plan
    from imagebatch.ports import BlobStore

RANGE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """An image that succeeded before; its outcome names the request under whose images/ the output lies."""

    image: Image
    outcome: Outcome

    def to_line(self) -> bytes:
        """Return the line, newline included."""
        return b'{"image":' + self.image.to_line().rstrip() + b',"outcome":' + self.outcome.to_line().rstrip() + b"}\n"

    @classmethod
    def from_line(cls, line: bytes) -> Kept:
        """Read what `to_line` wrote."""
        data = json.loads(line)
        return cls(Image.from_json(data["image"]), Outcome.from_json(data["outcome"]))


def kept_from(request_id: str, image: Image, outcome: Outcome) -> Kept:
    """Return what stands of a request's image: its output stays where it is, with the request that made it."""
    return Kept(image, replace(outcome, request_id=outcome.request_id or request_id))


def write_reused(sink: IO[bytes], standing: Iterable[Kept]) -> Reused:
    """Write reused.jsonl, given in order of index; return its sums."""
    tally = Tally()
    for kept in standing:
        sink.write(kept.to_line())
        tally.add(kept.outcome)
    return Reused(tally.succeeded, tally.bytes_in, tally.bytes_out)


def begun(plan: Plan) -> Progress:
    """Return the progress that a batch begins with: nothing, or what a retry keeps of its parents."""
    reused = plan.reused or Reused(0, 0, 0)
    return Progress(Counts(plan.slots, succeeded=reused.slots), Bytes(reused.bytes_in, reused.bytes_out))


def read_reused(store: BlobStore, request_id: str) -> Iterator[Kept]:
    """Yield what a retry keeps, by index. Raises NotFound when the request is no retry."""
    return map(Kept.from_line, read_lines(store, reused_key(request_id)))


def read_planned(store: BlobStore, request_id: str) -> Iterator[Image]:
    """Yield the images of a request's own images.jsonl, by index. Raises NotFound."""
    return map(Image.from_line, read_lines(store, images_key(request_id)))


def read_lines(store: BlobStore, key: str) -> Iterator[bytes]:
    """Yield the lines of an object that does not change, without holding it whole. Raises NotFound.

    It is read range by range: a stream would be cut if whoever takes the lines is slow.
    """
    blob = store.open(key, 0, 0)
    rest = b""
    for offset in range(0, blob.info.size, RANGE_BYTES):
        length = min(RANGE_BYTES, blob.info.size - offset)
        *lines, rest = (rest + store.get_range(key, offset, length)).split(b"\n")
        yield from lines
    if rest:
        yield rest
