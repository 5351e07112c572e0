"""API keys of a real process: the mounted file, its change while the service runs, and the start without one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.api_keys import write_keys
from support.api_process import ApiProcess

from imagebatch_embedded.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CSV = b"S. No.,Product Name,Input Image Urls\n1,Lamp,https://a.example/1.jpg\n"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return write_keys(tmp_path / "keys", shop="shop-key", other="other-key")


@pytest.fixture
def guarded(environment: dict[str, str], key_file: Path, tmp_path: Path) -> Iterator[ApiProcess]:
    """The service with keys, on every address of the machine."""
    keyed = {**environment, "IMAGEBATCH_API_KEYS_FILE": str(key_file), "IMAGEBATCH_HOST": "0.0.0.0"}
    with ApiProcess(keyed, free_port(), tmp_path / "api.log") as process:
        yield process


def test_request_is_its_owners_alone(guarded: ApiProcess) -> None:
    shop, other = {"Authorization": "Bearer shop-key"}, {"Authorization": "Bearer other-key"}
    assert guarded.ask("POST", "/upload", CSV, Content_Type="text/csv")[0] == 401
    status, _, body = guarded.ask("POST", "/upload", CSV, Content_Type="text/csv", **shop)
    request_id = json.loads(body)["request_id"]
    assert (status, guarded.ask("GET", f"/status/{request_id}", **shop)[0]) == (200, 200)
    assert guarded.ask("GET", f"/status/{request_id}", **other)[0] == 404
    assert guarded.ask("DELETE", f"/requests/{request_id}", **other)[0] == 404
    assert json.loads(guarded.ask("GET", "/requests", **other)[2])["requests"] == []
    assert "shop-key" not in guarded.log.read_text()


def test_same_idempotency_key_of_two_owners_is_two_requests(guarded: ApiProcess) -> None:
    sent = {"Content_Type": "text/csv", "Idempotency_Key": "order-17"}
    answers = [
        guarded.ask("POST", "/upload", CSV, **sent, Authorization=f"Bearer {key}")
        for key in ("shop-key", "other-key", "shop-key")
    ]
    ids = [json.loads(body)["request_id"] for _, _, body in answers]
    assert (ids[0] != ids[1], ids[0] == ids[2]) == (True, True)


def test_key_file_when_it_changes_is_obeyed_at_once_and_a_broken_one_is_not(
    guarded: ApiProcess, key_file: Path
) -> None:
    write_keys(key_file, shop="changed-key")
    assert guarded.ask("GET", "/requests", Authorization="Bearer shop-key")[0] == 401
    assert guarded.ask("GET", "/requests", Authorization="Bearer changed-key")[0] == 200
    key_file.write_text("nonsense")
    assert guarded.ask("GET", "/requests", Authorization="Bearer changed-key")[0] == 200
    assert "line 1" in guarded.log.read_text()


@pytest.mark.parametrize(
    "change",
    [
        {"IMAGEBATCH_HOST": "0.0.0.0"},
        {"IMAGEBATCH_API_KEYS_FILE": "/nowhere/keys"},
    ],
)
def test_process_without_keys_that_it_needs_exits_2_and_says_so(
    environment: dict[str, str], tmp_path: Path, change: dict[str, str]
) -> None:
    process = ApiProcess({**environment, **change}, free_port(), tmp_path / "api.log")
    process.start()
    assert process.child.wait(30) == 2
    assert "IMAGEBATCH_API_KEYS_FILE" in process.log.read_text()
    assert "Traceback" not in process.log.read_text()
