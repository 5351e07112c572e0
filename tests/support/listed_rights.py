"""The rights of a release's service accounts as docs/reference/rbac.md lists them, and as the cluster tells them."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "rbac.md"
ROW = re.compile(r"^\| (`\S+`|core) \| `(\S+)` \| `(\S+)` \| (.+) \|$", re.MULTILINE)
# What `kubectl auth can-i --list` prints: resource, paths, names, verbs.
LINE = re.compile(r"^(\S*)\s+\[(.*?)\]\s+\[(.*?)\]\s+\[(.*?)\]$", re.MULTILINE)

Right = tuple[str, str, str]  # API group, resource, verb


def listed(component: str) -> set[Right]:
    """Return each row of a component's table."""
    section = PAGE.read_text("utf-8").partition(f"\n## {component}\n")[2].partition("\n## ")[0]
    return {("" if group == "core" else group.strip("`"), what, verb) for group, what, verb, _ in ROW.findall(section)}


def granted(rules: Iterable[Mapping[str, Any]]) -> set[Right]:
    """Return each right that a Role's rules give."""
    return {right for rule in rules for right in product(rule["apiGroups"], rule["resources"], rule["verbs"])}


def told(table: str) -> set[Right | tuple[str, str]]:
    """Return each right of the table of `kubectl auth can-i --list`; of a path its verb and itself."""
    rights: set[Right | tuple[str, str]] = set()
    for resource, paths, names, verbs in LINE.findall(table):
        assert not names, f"a right on {resource} by name"
        kind, slash, sub = resource.partition("/")
        plural, _, group = kind.partition(".")
        for verb in verbs.split():
            rights |= {(verb, path) for path in paths.split()}
            if resource:
                rights.add((group, f"{plural}{slash}{sub}", verb))
    return rights
