"""Log lines for people and as JSON, with the request they are about; and what shards do not load."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from imagebatch.model.errors import Misconfigured
from imagebatch.telemetry import about, configure_logging


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    hooks = sys.excepthook, threading.excepthook
    quiet = {name: logging.getLogger(name).level for name in ("urllib3", "minio", "uvicorn.access", "kopf.objects")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(capture=False)
    for name, before in quiet.items():
        logging.getLogger(name).setLevel(before)


def test_console_line_inside_about_names_program_and_request(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("console", "operator")
    with about("r-1"):
        logging.getLogger("x").warning("store is %s", "away")
    logging.getLogger("x").info("idle")
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith(" operator WARNING [r-1] store is away")
    assert second.endswith(" operator INFO idle")


def test_json_line_with_an_exception_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", "api")
    try:
        raise ValueError("broken\nin two")
    except ValueError:
        logging.getLogger("x").exception("unexpected")
    fields = json.loads(capsys.readouterr().err)
    assert (fields["level"], fields["program"], fields["message"]) == ("error", "api", "unexpected")
    assert fields["exception"].endswith("ValueError: broken\nin two")
    assert "request_id" not in fields


def test_json_line_inside_nested_abouts_names_the_inner_request(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", "api")
    with about("outer"), about("inner"):
        logging.getLogger("x").info("a")
    assert json.loads(capsys.readouterr().err)["request_id"] == "inner"


def test_line_of_another_thread_in_a_program_for_one_request_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", "processor", request_id="r-1")
    thread = threading.Thread(target=logging.getLogger("x").warning, args=("slow",))
    thread.start()
    thread.join()
    assert json.loads(capsys.readouterr().err)["request_id"] == "r-1"


def test_thread_that_breaks_is_logged_as_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("json", "operator")
    thread = threading.Thread(target=lambda: 1 // 0, name="sender-0")
    thread.start()
    thread.join()
    fields = json.loads(capsys.readouterr().err)
    assert (fields["level"], fields["message"]) == ("error", "unexpected end of sender-0")
    assert fields["exception"].endswith("ZeroDivisionError: integer division or modulo by zero")


def test_program_that_breaks_is_logged_as_one_object() -> None:
    code = "from imagebatch.telemetry import configure_logging; configure_logging('json', 'api'); 1 / 0"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, json.loads(done.stderr)["message"]) == (1, "unexpected end of the program")


def test_configure_with_an_unknown_format_is_refused() -> None:
    with pytest.raises(Misconfigured, match="IMAGEBATCH_LOG_FORMAT"):
        configure_logging("xml", "api")


def test_import_of_telemetry_leaves_the_metrics_library_out() -> None:
    code = "import sys, imagebatch.telemetry; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
