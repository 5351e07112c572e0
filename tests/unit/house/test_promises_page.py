"""Every test that the documentation names as a proof exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")
PROMISES = ROOT / "docs/explanation/promises.md"


@cache
def proofs_in(path: str) -> frozenset[str]:
    """The names of the tests in a file; none if there is no such file."""
    file = ROOT / path
    tree = ast.parse(file.read_text("utf-8") if file.exists() else "")
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_proof_when_a_page_names_it_exists() -> None:
    named = {found for page in (ROOT / "docs").rglob("*.md") for found in NAMED.findall(page.read_text("utf-8"))}
    assert {each for each in named if (each[1] or None) and each[1] not in proofs_in(each[0])} == set()
    assert {path for path, _ in named if not (ROOT / path).exists()} == set()


def test_promise_when_made_names_its_proof() -> None:
    rows = [line for line in PROMISES.read_text("utf-8").splitlines() if line.startswith("| ")]
    promises = [row for row in rows if not row.startswith(("| promise", "| ---", "| what happens"))]
    assert len(promises) > 20
    assert [row for row in promises if not NAMED.search(row)] == []
