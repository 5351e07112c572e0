"""How long a shard that died, or could not be started, waits before it is started again."""

from __future__ import annotations

import pytest

from imagebatch_embedded.local_jobs import backoff_seconds


@pytest.mark.parametrize(("times", "seconds"), [(1, 1), (2, 2), (3, 4), (7, 60), (100_000, 60)])
def test_backoff_when_failures_go_on_doubles_up_to_a_minute(times: int, seconds: float) -> None:
    assert backoff_seconds(times) == seconds
