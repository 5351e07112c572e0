"""The image error codes of docs/reference/errors.md are those that the code can record, and all of them."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("core/imagebatch", "processor/imagebatch_processor", "operator/imagebatch_operator")
ERRORS = (ROOT / "docs/reference/errors.md").read_text("utf-8")
DOCUMENTED = set(re.findall(r"^\| `(\w+)` \|", ERRORS.partition("## Image error codes")[2], re.MULTILINE))


@cache
def literals() -> frozenset[str]:
    """Every string that stands in the code of the rooms that record outcomes, docstrings aside."""
    found = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            nodes = ast.walk(ast.parse(path.read_text("utf-8")))
            found |= {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return frozenset(found)


def test_image_code_when_documented_stands_in_the_code() -> None:
    assert len(DOCUMENTED) > 15
    assert {code for code in DOCUMENTED - {"http_NNN"} if code not in literals()} == set()
    assert "http_" in literals()


def test_image_code_when_given_to_an_outcome_is_documented() -> None:
    calls = [
        node
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Outcome", "replace")
    ]
    values = [each.value for call in calls for each in call.keywords if each.arg == "code"]
    given = {value.value for value in values if isinstance(value, ast.Constant) and value.value}
    assert given, "nothing was found: the search is wrong"
    assert given - DOCUMENTED == set()
