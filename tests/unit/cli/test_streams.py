"""Standard output as it can be: a pipe whose reader left, a full disk, an encoding without the letters."""

from __future__ import annotations

import errno
import io
import json

import pytest
from support.played_service import REQUEST_ID, Played, status

from imagebatch_cli.main import main
from imagebatch_cli.terminal import OutputKind, Terminal

MESSAGE = "Stühle – \x9b31m fertig"


class Failing(io.RawIOBase):
    """A stream that takes nothing."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def writable(self) -> bool:
        return True

    def write(self, _: object, /) -> int:
        raise OSError(self._number, "cannot")


@pytest.fixture(autouse=True)
def _answers(service):
    service.answers[f"GET /status/{REQUEST_ID}"] = Played.json(status(message=MESSAGE))


def ascii_only(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """Replace standard output; not in a fixture, since pytest replaces it anew before each test."""
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, "ascii"))
    return written


def test_status_when_the_terminal_lacks_letters_writes_them_escaped(service, monkeypatch):
    written = ascii_only(monkeypatch)
    assert main(["status", REQUEST_ID], service.connect) == 0
    assert b"St\\xfchle \\u2013 \\x9b31m fertig" in written.getvalue()


def test_status_as_json_when_the_terminal_lacks_letters_is_the_same_document(service, monkeypatch):
    written = ascii_only(monkeypatch)
    assert main(["status", REQUEST_ID, "-o", "json"], service.connect) == 0
    assert json.loads(written.getvalue())["message"] == MESSAGE


def test_json_is_written_at_once(monkeypatch):
    written = ascii_only(monkeypatch)
    Terminal(OutputKind.JSON).json({"verified": True})
    assert json.loads(written.getvalue()) == {"verified": True}


@pytest.mark.parametrize("kind", ["table", "json"])
def test_status_when_the_disk_is_full_exits_5(service, monkeypatch, capsys, kind):
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(Failing(errno.ENOSPC), "utf-8", write_through=True))
    assert main(["status", REQUEST_ID, "-o", kind], service.connect) == 5
    assert capsys.readouterr().err == "imagebatch: The output cannot be written: cannot\n"


@pytest.mark.parametrize("kind", ["table", "json"])
def test_status_when_the_reader_left_ends_quietly_with_141(service, monkeypatch, capsys, kind):
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(Failing(errno.EPIPE), "utf-8", write_through=True))
    assert main(["status", REQUEST_ID, "-o", kind], service.connect) == 141
    assert capsys.readouterr().err == ""


def test_status_when_nobody_reads_the_errors_prints_the_result_all_the_same(service, monkeypatch, capsys):
    busy = Played.json({"detail": "Not now."}, 503)
    service.answers[f"GET /status/{REQUEST_ID}"] = [busy, Played.json(status())]
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(Failing(errno.EPIPE), "utf-8", write_through=True))
    assert main(["status", REQUEST_ID], service.connect) == 0
    assert REQUEST_ID in capsys.readouterr().out


def test_errors_when_a_cell_is_very_long_prints_it(run, service):
    line = f"1,{'x' * 200_000},1,https://a.example/1,http_404,gone\r\n"
    csv = "S. No.,Product Name,Position,Input Image Url,Code,Message\r\n" + line
    service.answers[f"GET /results/{REQUEST_ID}/errors.csv?t=x"] = Played(csv.encode())
    ended = run("errors", REQUEST_ID)
    assert (ended.code, len(ended.out) > 200_000) == (0, True)


def test_tell_of_several_lines_keeps_them_and_shows_what_steers_a_terminal(capsys: pytest.CaptureFixture[str]):
    Terminal().tell("the log ends with:\nlast \x1b[2J line")
    assert capsys.readouterr().err == "the log ends with:\nlast \\x1b[2J line\n"
