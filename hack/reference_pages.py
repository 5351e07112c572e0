"""Writes the generated pages of docs/reference, and the chart's schema, from code and definitions (`make fmt`)."""

from __future__ import annotations

from dataclasses import MISSING, Field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chart_pages
import limits_page
import resource_page

from imagebatch import settings
from imagebatch.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
PROGRAMS = {
    "API": settings.ApiSettings,
    "operator": settings.OperatorSettings,
    "operator on a cluster": settings.ClusterOperatorSettings,
    "processor": settings.ProcessorSettings,
    "embedded mode": settings.EmbeddedSettings,
}
OF_THE_API = "imagebatch_http_"

SETTINGS_HEAD = """\
# Settings

Settings are environment variables, read once when a program starts. A program that lacks one it needs, or finds one
that it cannot read, stops at once and names every such variable.

`make dev` and `make demo` need none of them: embedded mode chooses addresses, ports, secrets and the number of shards
itself, and keeps its secrets in its data directory. A variable that is set goes before what it would choose; a Postgres
(`IMAGEBATCH_DATABASE_URL`) or an S3 (`IMAGEBATCH_S3_ENDPOINT`) that is given is used instead of a local one.

**`_FILE`.** A program also takes each variable as a file: `IMAGEBATCH_LINK_SECRET_FILE=/run/secrets/link` reads the
value from that file, without white space around it. This is how secrets are mounted. If both are set, the variable
counts and the file is not read; so what embedded mode chooses itself can be replaced by the variable only. What is
marked *secret* is kept out of logs.

Numbers are written plainly (`10485760`, `2.5`); the units are in the names. The processor is also told which shard it
is: `REQUEST_ID` and `JOB_COMPLETION_INDEX`, as Kubernetes sets them in an Indexed Job.

[.env.example](../../.env.example) lists the same variables for copying. Both are written by `make fmt` from
`core/imagebatch/settings.py`.
"""

METRICS_HEAD = """\
# Metrics

In the text format of Prometheus: the API's at `/metrics`, the operator's at `/metrics` on the port
`IMAGEBATCH_METRICS_PORT`, by default of the loopback ([settings](settings.md)). Shards export none: what they did is in
their results, which the operator counts. No id is ever a label. A histogram has the series `_bucket`, `_sum` and
`_count`.

This page is written by `make fmt` from `core/imagebatch/metrics.py`.
"""


def readers() -> dict[str, tuple[list[str], Field[Any]]]:
    """Return every variable with the programs that read it. What the operator reads, it reads wherever it runs."""
    found: dict[str, tuple[list[str], Field[Any]]] = {}
    for program, cls in PROGRAMS.items():
        for variable, _, each in settings.variables(cls):
            programs, _ = found.setdefault(variable, ([], each))
            if "operator" not in programs or program not in ("embedded mode", "operator on a cluster"):
                programs.append(program)
    return found


def settings_page() -> str:
    """Return docs/reference/settings.md: a table for each set of programs that share variables, most shared first."""
    sections: dict[tuple[str, ...], list[str]] = {}
    for variable, (programs, each) in readers().items():
        sections.setdefault(tuple(programs), []).append(_setting_row(variable, each))
    order = sorted(sections, key=lambda programs: (-len(programs), list(PROGRAMS).index(programs[0])))
    columns = ("variable", "default", "meaning", "secret")
    return SETTINGS_HEAD + "".join(_section(_listed(programs), columns, sections[programs]) for programs in order)


def metrics_page() -> str:
    """Return docs/reference/metrics.md: the API's metrics, then the operator's."""
    rows = list(_metric_rows(Metrics()))
    columns = ("metric", "type", "labels", "meaning")
    api = [row for row in rows if OF_THE_API in row]
    operator = [row for row in rows if OF_THE_API not in row]
    return METRICS_HEAD + _section("API", columns, api) + _section("Operator", columns, operator)


def pages() -> dict[Path, str]:
    """Return every generated page by its path."""
    return {
        FOLDER / "settings.md": settings_page(),
        FOLDER / "metrics.md": metrics_page(),
        limits_page.PAGE: limits_page.page(),
        resource_page.PAGE: resource_page.page(),
        **chart_pages.pages(),
    }


def _setting_row(variable: str, each: Field[Any]) -> str:
    default = "needed" if each.default is MISSING else f"`{each.default}`" if str(each.default) else "empty"
    return _row((f"`{variable}`", default, each.metadata["help"], "" if each.repr else "secret"))


def _metric_rows(metrics: Metrics) -> Iterator[str]:
    for each in vars(metrics).values():
        if each is metrics.registry:
            continue
        (family,) = each.describe()
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = ", ".join(f"`{label}`" for label in each._labelnames)  # no public way to ask for them
        yield _row((f"`{name}`", family.type, labels, family.documentation))


def _section(title: str, columns: tuple[str, ...], rows: Iterable[str]) -> str:
    head = _row(columns) + _row(["---"] * len(columns))
    return f"\n## {title[0].upper()}{title[1:]}\n\n{head}{''.join(rows)}"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n".replace("|  |", "| |")


def _listed(words: tuple[str, ...]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, "utf-8")
