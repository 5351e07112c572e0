"""Which revisions of the schema a program can work with."""

from __future__ import annotations

import pytest

from imagebatch.database.tables import SCHEMA_REVISION, has_our_schema


@pytest.mark.parametrize("revision", [SCHEMA_REVISION, f"{int(SCHEMA_REVISION) + 1:04}", "9999"])
def test_our_revision_and_every_newer_one_have_our_schema(revision: str) -> None:
    assert has_our_schema(revision)


@pytest.mark.parametrize("revision", [None, "", "0000", f"{int(SCHEMA_REVISION) - 1:04}", "a1b2c3d4"])
def test_no_revision_an_older_one_and_those_of_others_have_it_not(revision: str | None) -> None:
    assert not has_our_schema(revision)
