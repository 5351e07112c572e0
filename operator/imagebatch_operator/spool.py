"""All outcomes of a batch on local disk while it is settled, so that memory does not grow with the batch.

In memory are 8 bytes an image and 4 a slot. Made by harvest, read by result_files and settle, gone afterwards.
"""

from __future__ import annotations

from array import array
from itertools import accumulate
from typing import TYPE_CHECKING

from imagebatch.model.results import Outcome, results_from_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from imagebatch.model.plan import Slot


class OutcomeSpool:
    """Outcomes by index of image: appended in that order, then read in any."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b")
        self._offsets = array("Q", [0])

    def __len__(self) -> int:
        """Return how many outcomes were appended."""
        return len(self._offsets) - 1

    def append(self, outcome: Outcome) -> None:
        """Add the outcome of the next image. Raises ValueError if it is another's."""
        if outcome.index != len(self):
            raise ValueError(f"outcome {outcome.index} where {len(self)} is next")
        self._offsets.append(self._offsets[-1] + self._file.write(outcome.to_line()))

    def line(self, index: int) -> bytes:
        """Return the outcome of an image as a JSON line. Raises IndexError."""
        if not 0 <= index < len(self):
            raise IndexError(f"no outcome {index}")
        self._file.seek(self._offsets[index])
        return self._file.readline()

    def get(self, index: int) -> Outcome:
        """Return the outcome of an image. Raises IndexError."""
        return results_from_bytes(self.line(index))[0]

    def close(self) -> None:
        """Close the file; deleting it is the business of whoever named it."""
        self._file.close()


class SlotTable:
    """Which image fills which slot; rows of `widths` slots each."""

    def __init__(self, widths: Iterable[int]) -> None:
        self._starts = array("Q", accumulate(widths, initial=0))
        self._images = array("i", [-1]) * self._starts[-1]

    def fill(self, image: int, slots: Sequence[Slot]) -> None:
        """Say where an image is shown. Raises ValueError for a slot that is not there."""
        for row, position in slots:
            if not (0 <= row < len(self._starts) - 1 and 0 <= position < self._starts[row + 1] - self._starts[row]):
                raise ValueError(f"there is no slot {row}, {position}")
            self._images[self._starts[row] + position] = image

    def row(self, row: int) -> array[int]:
        """Return the images of a row in order of position. Raises ValueError if one is not known."""
        images = self._images[self._starts[row] : self._starts[row + 1]]
        if -1 in images:
            raise ValueError(f"row {row} has a slot without an image")
        return images

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        """Yield (row, position, image) in order of row and position."""
        for row in range(len(self._starts) - 1):
            for position, image in enumerate(self.row(row)):
                yield row, position, image
