"""A local S3 starts, keeps its objects over a restart and a kill, and stands beside another one."""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from minio import Minio
from minio.error import S3Error

from imagebatch.model.errors import Misconfigured
from imagebatch_embedded.seaweed_server import SeaweedPorts, SeaweedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fixtures.servers import S3Server


@contextmanager
def running(data: Path, ports: SeaweedPorts | None = None) -> Iterator[SeaweedServer]:
    server = SeaweedServer(data, ports or SeaweedPorts.free())
    try:
        server.start()
        server.wait_ready(60)
        yield server
    finally:
        server.stop()


def client(server: SeaweedServer, secret_key: str | None = None) -> Minio:
    host = server.endpoint.removeprefix("http://")
    secret_key = secret_key or server.secret_key
    return Minio(host, server.access_key, secret_key, secure=False, region="us-east-1")


def put(server: SeaweedServer, key: str, data: bytes) -> None:
    client(server).put_object(server.bucket, key, io.BytesIO(data), len(data))


def get(server: SeaweedServer, key: str) -> bytes:
    answer = client(server).get_object(server.bucket, key)
    try:
        return answer.read()
    finally:
        answer.close()
        answer.release_conn()


def test_seaweed_when_restarted_then_keeps_its_objects(data_folder: Path) -> None:
    ports = SeaweedPorts.free()
    with running(data_folder, ports) as server:
        put(server, "kept", b"bytes")
    with running(data_folder, ports) as server:
        assert get(server, "kept") == b"bytes"


def test_seaweed_when_killed_and_started_on_other_ports_then_keeps_its_objects(data_folder: Path) -> None:
    with running(data_folder) as server:
        put(server, "kept", b"bytes")
        server.stop(grace_seconds=0)
    with running(data_folder) as server:
        assert get(server, "kept") == b"bytes"


def test_seaweed_when_there_are_two_then_each_has_its_objects(data_folder: Path) -> None:
    with running(data_folder / "one") as one, running(data_folder / "two") as two:
        put(one, "mine", b"1")
        put(two, "mine", b"2")
        assert (get(one, "mine"), get(two, "mine")) == (b"1", b"2")


def test_seaweed_when_the_environment_names_s3_then_starts(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3", "false")
    with running(data_folder) as server:
        assert server.ready()


def test_seaweed_when_the_secret_is_wrong_then_refuses(s3_server: S3Server) -> None:
    host = s3_server.endpoint.removeprefix("http://")
    stranger = Minio(host, s3_server.access_key, "guessed", secure=False, region="us-east-1")
    with pytest.raises(S3Error):
        stranger.stat_object(s3_server.bucket, "anything")


def test_seaweed_when_a_port_is_taken_then_names_it_and_what_to_do(data_folder: Path, s3_server: S3Server) -> None:
    port = int(s3_server.endpoint.rpartition(":")[2])
    ports = replace(SeaweedPorts.free(), s3=port)
    with pytest.raises(Misconfigured, match=rf"seaweedfs cannot be started: .* {port}.*delete ports\.json"):
        SeaweedServer(data_folder, ports).start()
