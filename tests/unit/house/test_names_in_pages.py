"""Every setting and every metric that a page names exists."""

from __future__ import annotations

import re
from pathlib import Path

import reference_pages

ROOT = Path(__file__).resolve().parents[3]
PAGES = {page: page.read_text("utf-8") for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]}
# Those of the command line, which reads no settings of the service.
OF_THE_COMMAND_LINE = {"IMAGEBATCH_URL", "IMAGEBATCH_API_KEY", "IMAGEBATCH_WEBHOOK_SECRET"}
# That of hack/cluster, which is no part of the service.
OF_THE_TOOLS = {"IMAGEBATCH_CLUSTER_DIR"}
PACKAGES = re.compile(r"imagebatch_(api|cli|operator|processor|embedded|migrations)")


def test_setting_when_a_page_names_it_exists() -> None:
    known = {*reference_pages.readers(), *OF_THE_COMMAND_LINE, *OF_THE_TOOLS}
    named = {name for text in PAGES.values() for name in re.findall(r"\bIMAGEBATCH_[A-Z0-9_]*[A-Z0-9]\b", text)}
    assert len(named) > 30
    assert {name for name in named if name.removesuffix("_FILE") not in known and name not in known} == set()


def test_metric_when_a_page_names_it_exists() -> None:
    known = set(re.findall(r"^\| `(imagebatch_\w+)` \|", reference_pages.metrics_page(), re.MULTILINE))
    named = {name for text in PAGES.values() for name in re.findall(r"\bimagebatch_[a-z_]*[a-z]\b", text)}
    assert len(known) > 15
    series = re.compile(r"_(bucket|sum|count)$")  # of a histogram
    strange = {name for name in named - known if series.sub("", name) not in known}
    assert {name for name in strange if not PACKAGES.match(name)} == set()
