"""One line of log for each answer: method, path, status, bytes, time and the request it is about. No tokens."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from imagebatch.model.errors import Unavailable
from imagebatch.telemetry import ConsoleFormatter, _request_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fakes.memory_batches import MemoryBatches
    from support.asgi_client import AsgiClient

ID = "7b0c3f0e-5d0a-4c55-9d0e-3d9b7e1f6a11"
CSV = b"S. No.,Product Name,Input Image Urls\n1,Lamp,https://a.example/1.jpg\n"


@pytest.fixture(autouse=True)
def _every_level(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.INFO, "imagebatch_api.access"):
        yield


def lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "imagebatch_api.access"]


def test_access_log_of_an_upload_names_the_new_request(api: AsgiClient, caplog: pytest.LogCaptureFixture) -> None:
    request_id = api.post("/upload", files={"file": ("a.csv", CSV)}).json()["request_id"]
    (line,) = lines(caplog)
    assert line.getMessage().startswith("POST /upload 200 ")
    assert vars(line)["request_id"] == request_id


def test_access_log_of_a_status_names_the_request(api: AsgiClient, caplog: pytest.LogCaptureFixture) -> None:
    api.get(f"/status/{ID}")
    (line,) = lines(caplog)
    assert line.getMessage().startswith(f"GET /status/{ID} 404 ")
    assert vars(line)["request_id"] == ID


def test_access_log_of_a_link_keeps_the_token_out(api: AsgiClient, caplog: pytest.LogCaptureFixture) -> None:
    api.get(f"/results/{ID}/output.csv?t=token-in-the-link")
    assert lines(caplog)
    assert "token-in-the-link" not in caplog.text


def test_access_log_of_probes_is_quiet_at_info(api: AsgiClient, caplog: pytest.LogCaptureFixture) -> None:
    for path in ("/livez", "/readyz", "/metrics"):
        api.get(path)
    assert lines(caplog) == []


def test_access_log_of_a_path_with_line_breaks_stays_one_line(
    api: AsgiClient, caplog: pytest.LogCaptureFixture
) -> None:
    api.get("/no%0d%0aINFO forged")
    (line,) = lines(caplog)
    assert "\n" not in line.getMessage()


@pytest.mark.parametrize("said", ["x%0a12:00:00 api INFO forged", "x%1b[31m", ID.upper()])
def test_access_log_of_what_can_be_no_id_names_no_request(
    api: AsgiClient, caplog: pytest.LogCaptureFixture, said: str
) -> None:
    api.get(f"/status/{said}")
    (line,) = lines(caplog)
    assert vars(line)["request_id"] is None
    assert ConsoleFormatter("api").format(line).isprintable()


def test_lines_while_a_request_is_read_name_it(
    api: AsgiClient, batches: MemoryBatches, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def get(*_: object) -> None:
        seen.append(_request_id.get())
        raise Unavailable("gone", dependency="database")

    monkeypatch.setattr(batches, "get", get)
    assert api.get(f"/status/{ID}").status_code == 503
    assert seen == [ID]
