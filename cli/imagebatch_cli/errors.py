"""What a command ends with when it cannot do its work: a sentence, what to do about it, and the exit code."""

from __future__ import annotations

from typing import Any

from imagebatch_cli.exit_codes import ExitCode


class CommandError(Exception):
    """A command's end. `message` says what is wrong, `hint` what to do."""

    code = ExitCode.UNMET

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class WrongUse(CommandError):
    """The options or arguments cannot be used."""

    code = ExitCode.USAGE


class ServiceRefused(CommandError):
    """The service said no. `problem` is its answer (RFC 9457), empty when it was none."""

    code = ExitCode.REFUSED

    def __init__(self, message: str, problem: dict[str, Any], hint: str = "") -> None:
        super().__init__(message, hint)
        self.problem = problem


class ServiceUnavailable(CommandError):
    """The service does not answer, or not now."""

    code = ExitCode.UNAVAILABLE


class MachineFault(CommandError):
    """Something is wrong on this machine."""

    code = ExitCode.MACHINE


class Interrupted(CommandError):
    """Ctrl-C, where there is something to say about what goes on."""

    code = ExitCode.INTERRUPTED
