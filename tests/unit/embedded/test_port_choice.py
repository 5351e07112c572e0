"""No two ports of an installation are the same, in whatever order chance brings them."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from imagebatch_embedded import processes
from imagebatch_embedded.data_directory import DEFAULT_API_PORT, Ports

FIRST = processes.PORT_RANGE.start
PARTS = 12  # API, Postgres, and ten of the store's


@pytest.fixture(autouse=True)
def _in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every choice goes through the same candidates from the first one; only the API's usual port is taken."""
    monkeypatch.setattr(processes.random, "sample", lambda population, count: list(population)[:count])
    monkeypatch.setattr(processes, "is_free", lambda port: port != DEFAULT_API_PORT)


@pytest.mark.parametrize("wanted", [None, FIRST, FIRST + 1, FIRST + 5, FIRST + PARTS - 1, 9000])
def test_ports_when_every_choice_begins_alike_all_differ(wanted: int | None) -> None:
    ports = Ports.choose(wanted)
    chosen = [ports.api, ports.postgres, *astuple(ports.s3)]
    assert len(set(chosen)) == len(chosen) == PARTS
    assert ports.api == (wanted or FIRST)
