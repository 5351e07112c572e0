"""What a fuzz run has shown, as a table of formats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz.campaign import CAME_OUT

if TYPE_CHECKING:
    from fuzz.campaign import Findings


def table(findings: Findings) -> str:
    """Return a row per format: how many came out, the refusals by code, and the slowest."""
    heads = ["format", "files", "came out", "refused", "slowest"]
    rows = [heads]
    for kind, ends in sorted(findings.ends.items()):
        codes = ", ".join(f"{code} {count}" for code, count in ends.most_common() if code != CAME_OUT)
        rows.append([kind, str(ends.total()), str(ends[CAME_OUT]), codes, f"{findings.slowest[kind].seconds:.2f} s"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    lines.insert(1, "-+-".join("-" * width for width in widths))
    lines.append("")
    lines.append(
        f"{findings.tried} files in {findings.seconds:.0f} s; {len(findings.died)} cost their child or its time; "
        f"most memory of the process tree: {findings.largest_mib:.0f} MiB"
    )
    return "\n".join(lines)
