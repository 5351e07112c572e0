"""The page of the chart's values, and the settings that its schema knows: written for hack/reference_pages.py."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from imagebatch import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
CHART = ROOT / "charts" / "imagebatch"
VALUES = CHART / "values.yaml"
SCHEMA = CHART / "values.schema.json"
PAGE = ROOT / "docs" / "reference" / "helm-values.md"
PROGRAMS = (settings.ApiSettings, settings.ClusterOperatorSettings, settings.ProcessorSettings)

HEAD = """\
# Values of the Helm chart

Every value of `charts/imagebatch`, its default, and what it does. Names and types are checked by
`values.schema.json` before anything is installed: a value that is not on this page is refused, and so is a variable
under `settings` that is not on the page of [settings](settings.md). How they are used:
[install on Kubernetes](../how-to/install-on-kubernetes.md).

This page is written by `make fmt` from `charts/imagebatch/values.yaml`.
"""
KEY = re.compile(r"^(?P<indent> *)(?P<name>[A-Za-z0-9]+):")


def page() -> str:
    """Return docs/reference/helm-values.md: a table for the values at the top, and one for each group."""
    sections: dict[str, list[str]] = {}
    for path, default, meaning in values(VALUES.read_text("utf-8")):
        group = path.split(".", maxsplit=1)[0] if "." in path else "general"
        cells = (f"`{path}`", f"`{json.dumps(default)}`".replace("|", "\\|"), meaning)
        sections.setdefault(group, []).append(f"| {' | '.join(cells)} |\n")
    table = "| value | default | meaning |\n| --- | --- | --- |\n"
    return HEAD + "".join(f"\n## {group}\n\n{table}{''.join(rows)}" for group, rows in sections.items())


def values(text: str) -> Iterator[tuple[str, Any, str]]:
    """Yield path, default and meaning of every value: each has a comment that begins with `# --` above it."""
    defaults = yaml.safe_load(text)
    path: list[str] = []
    meaning: list[str] = []
    for line in text.splitlines():
        comment = line.strip()
        if comment.startswith("# -- "):
            meaning = [comment.removeprefix("# -- ")]
        elif comment.startswith("# ") and meaning:
            meaning.append(comment.removeprefix("# "))
        elif found := KEY.match(line):
            path = [*path[: len(found["indent"]) // 2], found["name"]]
            if meaning:
                yield ".".join(path), _at(defaults, path), " ".join(meaning)
            meaning = []


def _at(defaults: Any, path: list[str]) -> Any:
    for name in path:
        defaults = defaults[name]
    return defaults


def schema() -> str:
    """Return values.schema.json with the settings that the three programs read today."""
    text = json.loads(SCHEMA.read_text("utf-8"))
    known = {name: each.metadata["help"] for cls in PROGRAMS for name, _, each in settings.variables(cls)}
    text["properties"]["settings"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"type": ["string", "number"], "description": known[name]} for name in sorted(known)},
    }
    return json.dumps(text, indent=2, ensure_ascii=False) + "\n"


def pages() -> dict[Path, str]:
    """Return what belongs into each file."""
    return {PAGE: page(), SCHEMA: schema()}
