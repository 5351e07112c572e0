"""Every limit that can be set is in docs/reference/limits.md, and every code in it exists."""

from __future__ import annotations

import re
from pathlib import Path

import limits_page

from imagebatch.model.csvfaults import CsvCode
from imagebatch.settings import PREFIX
from imagebatch_api.problem_codes import PROBLEMS

ERRORS = (Path(__file__).resolve().parents[3] / "docs/reference/errors.md").read_text("utf-8")
# Settings with a number that bound what users send or wait for; the others say how the service works.
LIMITS = re.compile(r"max_|upload_seconds|fetch_(?!allow|refuse)|decode_seconds|.*_deadline_seconds|retention|stray")


def test_limits_page_when_a_limit_can_be_set_names_it() -> None:
    page = limits_page.page()
    limits = [name for name in limits_page.defaults() if LIMITS.match(name)]
    assert len(limits) > 15
    assert [name for name in limits if f"`{PREFIX}{name.upper()}`" not in page] == []


def test_limits_page_when_it_names_a_code_the_code_exists() -> None:
    image_codes = set(re.findall(r"^\| `(\w+)` \|", ERRORS.partition("## Image error codes")[2], re.MULTILINE))
    known = {*PROBLEMS, *(code.value for code in CsvCode), *image_codes}
    named = {limit.code for limits in limits_page.SECTIONS.values() for limit in limits if limit.code}
    assert named - known == set()
