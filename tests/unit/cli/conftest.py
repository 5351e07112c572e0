"""The command line against a service that is played."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.played_service import Ended, PlayedService

from imagebatch_cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def service() -> PlayedService:
    return PlayedService()


@pytest.fixture
def run(
    service: PlayedService, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """Run one command against the played service, its output not on a terminal."""
    ours = [name for name in os.environ if name.startswith("IMAGEBATCH_")]
    for name in (*ours, "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)

    def run_(*arguments: object) -> Ended:
        code = main([str(each) for each in arguments], service.connect)
        printed = capsys.readouterr()
        return Ended(code, printed.out, printed.err)

    return run_
