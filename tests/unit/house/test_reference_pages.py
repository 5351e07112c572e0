"""The reference pages of settings and metrics are those that the code gives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import reference_pages

from imagebatch.metrics import Metrics

if TYPE_CHECKING:
    from pathlib import Path

PAGES = reference_pages.pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_reference_page_when_the_code_changes_is_written_again(page: Path) -> None:
    assert page.read_text("utf-8") == PAGES[page], "run `make fmt`"


def test_settings_page_when_written_names_each_variable_once() -> None:
    rows = [line for line in reference_pages.settings_page().splitlines() if line.startswith("| `")]
    names = [row.split("`")[1] for row in rows]
    assert len(names) == len(set(names))
    assert set(names) == set(reference_pages.readers())


def test_settings_page_when_a_setting_is_secret_says_so() -> None:
    rows = reference_pages.settings_page().splitlines()
    (row,) = [row for row in rows if row.startswith("| `IMAGEBATCH_LINK_SECRET`")]
    assert row.endswith("| secret |")


def test_metrics_page_when_written_names_each_series_as_it_is_exported() -> None:
    page = reference_pages.metrics_page()
    metrics = Metrics()
    metrics.batches.labels("Completed", "AllSucceeded").inc()
    exported = {sample.name for family in metrics.registry.collect() for sample in family.samples}
    series = {re.sub("_(bucket|sum|count)$", "", name) for name in exported if not name.endswith("_created")}
    assert {"imagebatch_batches_total", "imagebatch_input_bytes_total", "imagebatch_settle_seconds"} <= series
    assert {name for name in series if f"| `{name}` |" not in page} == set()
