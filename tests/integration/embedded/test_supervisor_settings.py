"""What the user's settings change of an embedded installation, and what they cannot."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest

from imagebatch.model.errors import Misconfigured
from imagebatch_embedded.data_directory import DataDirectory
from imagebatch_embedded.processes import free_port
from imagebatch_embedded.supervisor import Installation, Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Start = Callable[..., Installation]


@pytest.fixture
def start(data_folder: Path) -> Iterator[Start]:
    """Start an installation with settings of the user's; it is stopped after the test."""
    started: list[Supervisor] = []

    def begin(**settings: str) -> Installation:
        supervisor = Supervisor(DataDirectory(data_folder / "data"), {**os.environ, **settings})
        started.append(supervisor)
        return supervisor.start()

    yield begin
    for each in started:
        each.stop()


def test_supervisor_when_the_user_names_port_and_bucket_listens_there_and_keeps_its_own_bucket(start: Start) -> None:
    port = free_port()
    installation = start(IMAGEBATCH_PORT=str(port), IMAGEBATCH_S3_BUCKET="other", IMAGEBATCH_S3_SECRET_KEY="mine")
    assert installation.api_url == f"http://127.0.0.1:{port}"
    assert httpx.get(f"{installation.api_url}/readyz", trust_env=False).status_code == 200


def test_supervisor_when_the_user_names_another_address_asks_the_api_there(start: Start) -> None:
    installation = start(IMAGEBATCH_HOST="127.0.0.2", IMAGEBATCH_PORT=str(free_port()))
    assert installation.api_url.startswith("http://127.0.0.2:")
    assert httpx.get(f"{installation.api_url}/readyz", trust_env=False).status_code == 200


def test_supervisor_when_shards_are_no_number_says_so_before_anything_runs(start: Start) -> None:
    with pytest.raises(Misconfigured, match="IMAGEBATCH_LOCAL_SHARDS"):
        start(IMAGEBATCH_PORT=str(free_port()), IMAGEBATCH_LOCAL_SHARDS="many")


def test_supervisor_when_the_users_database_does_not_answer_says_so(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"postgresql://somebody:secret@127.0.0.1:{free_port()}/none")
    with pytest.raises(Misconfigured, match="IMAGEBATCH_DATABASE_URL") as refused:
        start(IMAGEBATCH_PORT=str(free_port()), IMAGEBATCH_DATABASE_URL_FILE=str(file))
    assert "secret" not in refused.value.message
