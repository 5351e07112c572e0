"""What goes wrong in the database may be logged with its cause: neither shows what was written."""

from __future__ import annotations

import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.sample_batches import ROWS, new_batch

from imagebatch.model.batch import BatchSpec
from imagebatch.model.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from imagebatch.database.postgres import PostgresDatabase

SECRET = "hooks.example/T0/secret"


def test_an_error_when_shown_with_its_cause_does_not_repeat_the_values(
    database: PostgresDatabase, ask: Callable[..., list]
) -> None:
    ask("ALTER TABLE file_processing RENAME COLUMN spec TO specification")
    batch = replace(new_batch(), spec=BatchSpec(webhook_url=f"https://{SECRET}"))

    with pytest.raises(Unavailable) as refused:
        database.batches.accept(batch, ROWS)

    assert SECRET not in "".join(traceback.format_exception(refused.value))
