"""A batch in memory that can be retried."""

from __future__ import annotations

import pytest
from support.retry_desk import RetryDesk


@pytest.fixture
def retries() -> RetryDesk:
    return RetryDesk()
