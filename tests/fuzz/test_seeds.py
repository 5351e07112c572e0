"""A campaign tries the same files again: `make fuzz FUZZ_SEED=… FUZZ_ONLY=…` repeats one by its number."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from support.waiting import eventually

TESTS = Path(__file__).parents[1]
PROGRAM = """
import hashlib
from fuzz.mutations import mutant
from fuzz.seeds import seeds
for name, data in seeds().items():
    print(name, hashlib.sha256(data).hexdigest())
for number in range(40):
    print(number, mutant(1, number).changes, mutant(1, number).options)
"""


def test_files_when_made_by_another_program_at_another_time_then_the_same() -> None:
    first, next_second = _said("1"), int(time.time()) + 1  # files hold no less of a time
    eventually(lambda: time.time() >= next_second, 5, "another second")
    assert len(first) > 80
    assert _said("2") == first


def _said(hash_seed: str) -> list[str]:
    environ = {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(TESTS)}
    made = subprocess.run([sys.executable, "-c", PROGRAM], env=environ, stdout=subprocess.PIPE, text=True, check=True)
    return made.stdout.splitlines()
