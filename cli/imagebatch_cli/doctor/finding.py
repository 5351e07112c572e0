"""What a check found. Used by every check and printed by the command."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: with a failure something does not work, with a warning it may not."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what is so, and what to do about it, empty where nothing is to be done."""

    level: Level
    subject: str
    message: str
    advice: str = ""


def ok(subject: str, message: str) -> Finding:
    """Return a finding of something that is as it should be."""
    return Finding(Level.OK, subject, message)


def warning(subject: str, message: str, advice: str) -> Finding:
    """Return a finding of something that may do harm."""
    return Finding(Level.WARNING, subject, message, advice)


def failure(subject: str, message: str, advice: str) -> Finding:
    """Return a finding of something that does not work."""
    return Finding(Level.FAILURE, subject, message, advice)
