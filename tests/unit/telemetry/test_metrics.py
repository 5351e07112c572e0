"""The list of metrics: named alike, explained, and without ids as labels."""

from __future__ import annotations

import re
from pathlib import Path

from imagebatch.metrics import Metrics


def test_metrics_of_a_program_have_our_prefix_and_a_sentence() -> None:
    families = list(Metrics().registry.collect())
    assert len(families) >= 10
    for family in families:
        assert re.fullmatch(r"imagebatch_[a-z_]+", family.name)
        assert family.documentation.endswith(".")


def test_metrics_made_twice_in_a_process_do_not_collide() -> None:
    first, second = Metrics(), Metrics()
    first.input_bytes.inc(5)
    assert second.registry.get_sample_value("imagebatch_input_bytes_total") == 0


def test_metric_when_listed_is_moved_by_a_program() -> None:
    root = Path(__file__).resolve().parents[3]
    code = "".join(
        path.read_text("utf-8") for room in ("api", "operator", "core") for path in (root / room).rglob("*.py")
    )
    names = set(vars(Metrics())) - {"registry"}
    assert {name for name in names if not re.search(rf"(?:metrics|self)\.{name}\.\w|metrics\.{name}\b", code)} == set()
