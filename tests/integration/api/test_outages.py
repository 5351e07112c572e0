"""Uploads while the store or the database does not answer: 503 that names it, and nothing half-accepted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.api_process import ApiProcess

from imagebatch_embedded.processes import free_ports

if TYPE_CHECKING:
    from pathlib import Path

    from imagebatch.database.postgres import PostgresDatabase

CSV = b"S. No.,Product Name,Input Image Urls\n1,Lamp,https://a.example/1.jpg\n"
ID = "7b0c3f0e-5d0a-4c55-9d0e-3d9b7e1f6a11"


@pytest.fixture
def ports() -> tuple[int, int]:
    """One for the API and one where nothing listens, drawn at once, so that they differ."""
    api_port, silent_port = free_ports(2)
    return api_port, silent_port


@pytest.fixture
def port(ports: tuple[int, int]) -> int:
    return ports[0]


@pytest.fixture
def nowhere(ports: tuple[int, int]) -> str:
    return f"127.0.0.1:{ports[1]}"


def not_ready(api: ApiProcess) -> list[str]:
    status, _, body = api.ask("GET", "/readyz")
    assert status == 503
    return [each["name"] for each in json.loads(body)["dependencies"] if not each["ready"]]


def refused_upload(api: ApiProcess) -> str:
    status, headers, body = api.ask("POST", "/upload", CSV, Content_Type="text/csv")
    assert status == 503, body
    assert int(headers["retry-after"]) > 0
    return str(json.loads(body)["code"])


def test_upload_while_the_store_is_down_is_503_and_leaves_no_row(
    environment: dict[str, str], tmp_path: Path, port: int, nowhere: str, database: PostgresDatabase
) -> None:
    without_store = {**environment, "IMAGEBATCH_S3_ENDPOINT": f"http://{nowhere}"}
    with ApiProcess(without_store, port, tmp_path / "api.log") as api:
        assert refused_upload(api) == "store_unavailable"
        assert not_ready(api) == ["store"]
    assert database.batches.unfinished() == []


def test_upload_with_revoked_credentials_is_503_and_leaves_no_row(
    environment: dict[str, str], tmp_path: Path, port: int, database: PostgresDatabase
) -> None:
    revoked = {**environment, "IMAGEBATCH_S3_SECRET_KEY": "revoked-and-secret"}
    with ApiProcess(revoked, port, tmp_path / "api.log") as api:
        assert refused_upload(api) == "store_unavailable"
        assert not_ready(api) == ["store"]
        assert "revoked-and-secret" not in api.log.read_text()
    assert database.batches.unfinished() == []


def test_upload_and_status_while_the_database_is_down_are_503(
    environment: dict[str, str], tmp_path: Path, port: int, nowhere: str
) -> None:
    without_database = {**environment, "IMAGEBATCH_DATABASE_URL": f"postgresql://nobody:hunter2@{nowhere}/none"}
    with ApiProcess(without_database, port, tmp_path / "api.log") as api:
        assert refused_upload(api) == "database_unavailable"
        assert not_ready(api) == ["database"]
        status, _, body = api.ask("GET", f"/status/{ID}")
        assert (status, json.loads(body)["code"]) == (503, "database_unavailable")
        assert "hunter2" not in body.decode() + api.log.read_text()
