"""Commands whose reader leaves, as `head -1` does: they end at once, without a word, with the shell's own exit code."""

from __future__ import annotations

import os
import subprocess

import httpx
import pytest
from support.command_line import PROGRAM, environment

READER_LEFT = 141


def without_a_reader(*arguments: object, both: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command whose standard output, or both, is a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command, errors = [PROGRAM, *map(str, arguments)], writing if both else subprocess.PIPE
        return subprocess.run(
            command, env=environment(), stdout=writing, stderr=errors, text=True, timeout=60, check=False
        )
    finally:
        os.close(writing)


@pytest.mark.parametrize(
    "words", ["--help", "webhook --help", "key new shop", "key new shop -o json", "doctor", "doctor -o json"]
)
def test_command_when_its_reader_left_ends_quietly(words: str) -> None:
    ended = without_a_reader(*words.split())
    told = ended.stderr.replace("The key is for the client and is not shown again.", "")
    assert (ended.returncode, told) == (READER_LEFT, "")


@pytest.mark.parametrize(("words", "code"), [("frobnicate", READER_LEFT), ("status x --url http://127.0.0.1:9", 4)])
def test_command_when_nobody_reads_its_errors_has_an_exit_code_of_ours(words: str, code: int) -> None:
    assert without_a_reader(*words.split(), both=True).returncode == code


def test_listen_when_its_reader_left_ends_with_the_next_delivery() -> None:
    command = [PROGRAM, "webhook", "listen", "--port", "0", "--secret", "whsec_c2VjcmV0"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, env=environment(), text=True, **pipes) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        url = process.stderr.readline().split()[-1]
        process.stdout.close()
        with httpx.Client(trust_env=False) as stranger:
            assert stranger.post(url, json={}).status_code == 401
        assert process.wait(30) == READER_LEFT
        assert "Traceback" not in process.stderr.read()
