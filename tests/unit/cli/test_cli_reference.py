"""The reference of the command line is what --help prints, and every exit code is in it."""

from __future__ import annotations

import cli_reference

from imagebatch_cli.exit_codes import ExitCode


def test_cli_reference_when_the_help_changes_is_written_again():
    assert cli_reference.PAGE.read_text("utf-8") == cli_reference.page(), "run `make fmt`"


def test_help_when_asked_for_lists_every_exit_code(run):
    ended = run("--help")
    assert ended.code == 0
    for code in ExitCode:
        assert f"{code.value:>3}  {code.meaning}" in ended.out


def test_command_when_it_is_unknown_exits_2(run):
    assert run("frobnicate").code == 2
