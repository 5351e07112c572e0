"""The example of an environment names every setting there is."""

from __future__ import annotations

import env_example


def test_env_example_when_settings_change_is_written_again() -> None:
    assert env_example.EXAMPLE.read_text("utf-8") == env_example.example(), "run `make fmt`"
