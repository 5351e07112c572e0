"""`make bench` in small: every measurement runs and every row is there. How fast is not asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[2]

WITH_A_GOAL = [
    "whole batch ÷ codec alone",
    "one shard ÷ codec alone",
    "one shard without its start ÷ codec alone",
    "whole batch ÷ naive serial loop",
    "one shard ÷ naive serial loop",
    "one small image, request to Completed",
    "a shard's imports over bare Python",
    "codec: this codec ÷ simplejpeg, 2 MP",
    "codec: two children ÷ one",
    "codec: isolation, extra per image, 2 MP",
    "upload to request id, 40 rows, 120 URLs",
    "settle, 120 results",
]
WITHOUT = [
    "whole batch",
    "naive serial loop",
    "codec alone",
    "peak memory of the API while it accepts them",
    "peak memory of the operator half while it settles them",
    "peak memory of a shard with its encoders (sum of RSS)",
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """What a quick run printed, and its JSON file."""
    file = tmp_path_factory.mktemp("bench") / "figures.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench.run", "--quick", "--json", str(file)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout, json.loads(file.read_text())


@pytest.mark.parametrize("name", WITH_A_GOAL)
def test_row_with_a_goal_has_a_figure_and_a_verdict(run: tuple[str, dict[str, Any]], name: str):
    printed, found = run
    (row,) = (row for row in found["rows"] if row["name"] == name)
    assert isinstance(row["value"], float)
    assert row["goal"]
    assert row["verdict"] in ("met", "met, stretch too", "not met")
    assert f"| {name} " in printed


@pytest.mark.parametrize("name", WITHOUT)
def test_row_without_a_goal_has_a_figure(run: tuple[str, dict[str, Any]], name: str):
    printed, found = run
    (row,) = (row for row in found["rows"] if row["name"] == name)
    assert row["value"] > 0
    assert row["goal"] is None
    assert f"| {name} " in printed


def test_machine_is_described(run: tuple[str, dict[str, Any]]):
    printed, found = run
    assert {"processor", "memory", "system", "Python", "Pillow"} <= found["machine"].keys()
    assert f"processor: {found['machine']['processor']}" in printed
