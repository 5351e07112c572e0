"""Start and end of `python -m imagebatch_api`."""

from __future__ import annotations

import json
import signal
import socket
from typing import TYPE_CHECKING

import pytest
from support.api_process import ApiProcess
from support.waiting import eventually

from imagebatch_embedded.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

CSV = b"S. No.,Product Name,Input Image Urls\n1,Lamp,https://a.example/1.jpg\n"


def exit_of(environment: dict[str, str], port: int, log: Path) -> tuple[int, str]:
    process = ApiProcess(environment, port, log)
    process.start()
    return process.child.wait(30), log.read_text()


def test_process_without_settings_exits_2_and_names_all(tmp_path: Path) -> None:
    code, log = exit_of({}, free_port(), tmp_path / "api.log")
    assert code == 2
    assert "Traceback" not in log
    for name in ("IMAGEBATCH_S3_ENDPOINT", "IMAGEBATCH_DATABASE_URL", "IMAGEBATCH_LINK_SECRET"):
        assert name in log


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IMAGEBATCH_LINK_SECRET", "short"),
        ("IMAGEBATCH_LOG_FORMAT", "xml"),
        ("IMAGEBATCH_DATABASE_URL", "not a URL"),
        ("IMAGEBATCH_S3_ENDPOINT", "not a URL"),
    ],
)
def test_process_with_a_bad_setting_exits_2_and_names_it(
    environment: dict[str, str], tmp_path: Path, name: str, value: str
) -> None:
    code, log = exit_of({**environment, name: value}, free_port(), tmp_path / "api.log")
    assert (code, name in log, "Traceback" in log) == (2, True, False)


def test_process_whose_port_is_taken_exits_1(environment: dict[str, str], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, log = exit_of(environment, taken.getsockname()[1], tmp_path / "api.log")
    assert (code, "address already in use" in log) == (1, True)


def test_process_told_to_stop_finishes_an_upload_and_exits_0(api: ApiProcess) -> None:
    connection = api.connect()
    connection.putrequest("POST", "/upload")
    connection.putheader("Content-Type", "text/csv")
    connection.putheader("Content-Length", str(len(CSV)))
    connection.endheaders(CSV[:20])
    api.ask("GET", "/livez")  # by now the upload has begun
    api.child.send_signal(signal.SIGTERM)
    eventually(lambda: not accepts(api.port), what="the service refusing new connections")
    connection.send(CSV[20:])
    answer = connection.getresponse()
    assert (answer.status, "request_id" in json.loads(answer.read())) == (200, True)
    assert api.child.wait(30) == 0


def test_process_idle_and_told_to_stop_exits_0(api: ApiProcess) -> None:
    assert api.stop() == 0
    assert "Traceback" not in api.log.read_text()


def accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except ConnectionError:
        return False
