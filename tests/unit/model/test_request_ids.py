"""What is taken for a request id, and that the database takes the same."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagebatch.database.rows import request_uuid
from imagebatch.model.errors import NotFound
from imagebatch.model.names import retry_id
from imagebatch.model.request_ids import is_request_id

ID = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
SPELLED_OTHERWISE = [
    *("", "mine", "\0", "\ud800", ID.upper(), ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}", f"{ID}\n", f" {ID}"),
    *(f"{ID}0", ID[:-1], f"g{ID[1:]}", ID.replace("9", "\u0669"), ID.replace("-", "\u2010")),
]


def database_takes(text: str) -> bool:
    try:
        return str(request_uuid(text)) == text
    except NotFound:
        return False


def test_ids_as_they_are_given_out_when_asked_about_are_request_ids() -> None:
    made = str(uuid.uuid4())
    assert is_request_id(made)
    assert is_request_id(retry_id(made))


@pytest.mark.parametrize("text", SPELLED_OTHERWISE)
def test_other_spellings_when_asked_about_are_no_request_ids(text: str) -> None:
    assert not is_request_id(text)
    assert not database_takes(text)


@given(st.from_regex(r"(?i)[0-9a-g{}]{7,9}(-?[0-9a-f]{4}){3}-?[0-9a-f]{11,13}") | st.uuids().map(str) | st.text())
def test_any_text_when_asked_about_is_judged_as_by_the_database(text: str) -> None:
    assert is_request_id(text) == database_takes(text)
