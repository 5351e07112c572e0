"""What became of an image, and the lines in which a shard tells it. Pure; written by processor, read by operator.

A shard writes parts while it works (immutable, one object each) and its results file at the end. Both are JSON
lines. A part's first line names its attempt and the images that a careful attempt starts after it; a last line
`stopped` says that the attempt was asked to stop.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from imagebatch.model.batch import Bytes, Counts, Progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Outcome:
    """One image's end: `name` of the output under images/, or an error `code` and `message`.

    `slots` is how many slots of the output show it. Sizes are bytes and pixels, as displayed. `request_id` names the
    request whose output it is when that is not the batch's own: a retry keeps what its parents made.
    """

    index: int
    url: str
    slots: int
    name: str | None = None
    code: str | None = None
    message: str | None = None
    attempts: int = 1
    milliseconds: int = 0
    bytes_in: int | None = None
    bytes_out: int | None = None
    sha256: str | None = None
    format_in: str | None = None
    format_out: str | None = None
    width_in: int | None = None
    height_in: int | None = None
    width_out: int | None = None
    height_out: int | None = None
    quality: int | None = None
    kept_original: bool = False
    request_id: str | None = None

    @property
    def succeeded(self) -> bool:
        """True when there is an output image."""
        return self.code is None

    def to_json(self) -> dict[str, Any]:
        """Return the outcome without what is not known."""
        return {name: value for name in _OUTCOME_FIELDS if (value := getattr(self, name)) is not None}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Outcome:
        """Read what `to_json` wrote; unknown names are left out."""
        return cls(**{name: value for name, value in data.items() if name in _OUTCOME_FIELDS})

    def to_line(self) -> bytes:
        """Return the outcome as a line of a part or results file, newline included."""
        return _encode(self.to_json()).encode() + b"\n"


_OUTCOME_FIELDS = {field.name: None for field in fields(Outcome)}  # a set that keeps their order
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a shard's results, as read back."""

    attempt: str
    outcomes: tuple[Outcome, ...]
    stopped: bool = False
    started: tuple[int, ...] = ()


def part_to_bytes(
    attempt: str, outcomes: Iterable[Outcome], *, stopped: bool = False, started: Sequence[int] = ()
) -> bytes:
    """Return the body of a part. The first part of an attempt is written when it starts, with no outcome."""
    marks = {"started": list(started)} if started else {}
    head = json.dumps({"attempt": attempt, **marks}).encode() + b"\n"
    tail = b'{"stopped":true}\n' if stopped else b""
    return head + b"".join(outcome.to_line() for outcome in outcomes) + tail


def part_from_bytes(data: bytes) -> Part:
    """Read what `part_to_bytes` wrote."""
    head, *lines = [json.loads(line) for line in data.splitlines()]
    stopped = bool(lines) and lines[-1].get("stopped", False)
    outcomes = tuple(map(Outcome.from_json, lines[:-1] if stopped else lines))
    return Part(head["attempt"], outcomes, stopped, tuple(head.get("started", ())))


def results_to_bytes(outcomes: Iterable[Outcome]) -> bytes:
    """Return a shard's results file: every image of the shard once, by index."""
    return b"".join(outcome.to_line() for outcome in sorted(outcomes, key=lambda outcome: outcome.index))


def results_from_bytes(data: bytes) -> list[Outcome]:
    """Read a shard's results file, in order of index."""
    return [Outcome.from_json(json.loads(line)) for line in data.splitlines()]


@dataclass(slots=True)
class Tally:
    """A running sum over outcomes: slots by end, bytes of the images that succeeded."""

    succeeded: int = 0
    failed: int = 0
    bytes_in: int = 0
    bytes_out: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one image once."""
        if not outcome.succeeded:
            self.failed += outcome.slots
            return
        self.succeeded += outcome.slots
        self.bytes_in += outcome.bytes_in or 0
        self.bytes_out += outcome.bytes_out or 0

    def progress(self, total: int) -> Progress:
        """Return the sums as progress over `total` slots."""
        return Progress(Counts(total, self.succeeded, self.failed), Bytes(self.bytes_in, self.bytes_out))
