"""S3 answers some seconds before it can read what it holds: it is ready when its volumes are there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.loopback_server import LoopbackServer, Reply

from imagebatch_embedded.seaweed_server import SeaweedPorts, SeaweedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

JOINED = {"Topology": {"DataCenters": [{"Id": "DefaultDataCenter"}], "Max": 75}}
NOT_JOINED = {"Topology": {"DataCenters": None, "Max": 0}}


@pytest.fixture
def topology() -> dict[str, object]:
    """What the master tells; a test may change it."""
    return dict(JOINED)


@pytest.fixture
def server(topology: dict[str, object], tmp_path: Path) -> Iterator[SeaweedServer]:
    """A server of which every part answers."""

    def master(_: object) -> Reply:
        return Reply(json.dumps(topology).encode(), "application/json")

    with LoopbackServer(lambda _: Reply()) as well, LoopbackServer(master) as told:
        ports = replace(SeaweedPorts.free(), s3=well.port, filer=well.port, master=told.port)
        yield SeaweedServer(tmp_path, ports)


def test_seaweed_when_its_volume_server_has_joined_is_ready(server: SeaweedServer) -> None:
    assert server.ready()


@pytest.mark.parametrize("told", [NOT_JOINED, {"Topology": {}}, {"error": "no leader"}])
def test_seaweed_when_its_volume_server_has_not_joined_is_not_ready(
    server: SeaweedServer, topology: dict[str, object], told: dict[str, object]
) -> None:
    topology.clear()
    topology.update(told)
    assert not server.ready()
