"""What a long run says while it runs, and the files that it keeps because they are worth a look."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from fuzz.campaign import COSTLY, Tried

EVERY = 500


class Progress:
    """Counts aloud; keeps what killed a child, took its time or has a problem, with the command that tries it again."""

    def __init__(self, files: int, seed: int) -> None:
        self._files, self._seed, self._done = files, seed, 0
        self.folder = Path(tempfile.mkdtemp(prefix="fuzz-"))

    def tell(self, tried: Tried) -> None:
        self._done += 1
        if tried.problem or tried.end in COSTLY:
            print(self.kept(tried))
        if self._done % EVERY == 0:
            print(f"{self._done} of {self._files} files", file=sys.stderr, flush=True)

    def kept(self, tried: Tried) -> str:
        """Write the file down and return what is to be known of it."""
        file = self.folder / f"{tried.mutant.number}-{tried.end}"
        file.write_bytes(tried.mutant.data)
        return (
            f"{tried.problem or tried.end}: {tried.mutant.seed_name} {tried.mutant.changes}: {tried.message}\n"
            f"  {tried.mutant.options}\n"
            f"  {file}\n"
            f"  again by: make fuzz FUZZ_SEED={self._seed} FUZZ_ONLY={tried.mutant.number}"
        )
