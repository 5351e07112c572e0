"""docs/reference/csv.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from csv_cases import A, parsed

from imagebatch.model.csvfaults import CsvCode
from imagebatch.model.csvrows import CsvLimits

PAGE = (Path(__file__).resolve().parents[3] / "docs/reference/csv.md").read_text(encoding="utf-8")
REFUSED = PAGE.partition("## Refused")[2].partition("## Out")[0]
TABLE = [re.findall(r"`([^`]+)`", line) for line in PAGE.splitlines() if line.startswith("| `")][:3]
SPELLINGS = [(column, spelling) for column, *others in TABLE for spelling in (column, *others)]


def test_codes_when_documented_then_exist_and_the_other_way_round() -> None:
    documented = re.findall(r"^\| `([a-z0-9_]+)` \|", REFUSED, re.MULTILINE)
    assert sorted(documented) == sorted(code.value for code in CsvCode)


def test_limits_when_documented_then_the_defaults() -> None:
    limits = CsvLimits()
    rows, length = f"over {limits.max_rows:,} rows", f"over {limits.max_url_length:,} characters"
    urls, named = f"over {limits.max_urls_per_row} image URLs", f"first {limits.max_violations:,} are named"
    size = f"over {limits.max_bytes // 1024**2} MiB"
    assert [text for text in (rows, length, urls, named, size) if text not in REFUSED] == []


@pytest.mark.parametrize(("column", "spelling"), SPELLINGS)
def test_spelling_when_documented_then_understood(column: str, spelling: str) -> None:
    header = "S. No.,Product Name,Input Image Urls".replace(column, spelling)
    assert parsed(f"{header}\n1,Chair,{A}").rows[0].image_urls == (A,)


def test_example_when_parsed_then_accepted() -> None:
    example = PAGE.partition("```csv\n")[2].partition("```")[0]
    assert [len(row.image_urls) for row in parsed(example).rows] == [2, 1]
