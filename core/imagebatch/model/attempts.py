"""What the earlier attempts at a shard tell: what is done, and which images may be what killed them. Pure.

Read by processor before it starts, and by operator when a shard was lost. Only careful attempts, which work one image
at a time, mark what they start: whatever was started when one died is a suspect.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagebatch.model.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from imagebatch.model.results import Part

STARTS_OF_A_CULPRIT = 2


@dataclass(frozen=True, slots=True)
class History:
    """The sum of a shard's parts.

    `done` is the first outcome of each finished image, `attempts` how many there were. `died` says that one of them
    ended without being asked to stop; `suspects` counts, for images that are not done, the careful attempts that died
    after they started it.
    """

    done: Mapping[int, Outcome]
    attempts: int
    died: bool
    suspects: Mapping[int, int]

    def is_culprit(self, index: int) -> bool:
        """Return whether an image was in work when two careful attempts died; it is not tried again."""
        return self.suspects.get(index, 0) >= STARTS_OF_A_CULPRIT


def history(parts: Iterable[Part]) -> History:
    """Return what all parts of a shard tell, given in order of their keys."""
    done: dict[int, Outcome] = {}
    started: dict[str, set[int]] = {}
    stopped: set[str] = set()
    for part in parts:
        started.setdefault(part.attempt, set()).update(part.started)
        if part.stopped:
            stopped.add(part.attempt)
        for outcome in part.outcomes:
            done.setdefault(outcome.index, outcome)
    dead = started.keys() - stopped
    suspects = Counter(index for attempt in dead for index in started[attempt] if index not in done)
    return History(done, len(started), bool(dead), suspects)


def culprit(index: int, url: str, slots: int, starts: int) -> Outcome:
    """Return the outcome of an image in work when `starts` careful attempts died as a whole."""
    message = "Each worker that took up this image alone died as a whole, as happens when memory runs out."
    return Outcome(index, url, slots, code="out_of_memory", message=message, attempts=starts)
