from __future__ import annotations

import uuid

import pytest

from imagebatch.database.locks import lock_key
from imagebatch.database.rows import request_uuid
from imagebatch.model.errors import NotFound


@pytest.mark.parametrize("request_id", ["", "x", "'; --", "{6f9619ff-8b86-d011-b42d-00c04fc964ff}", "\0", "6F" * 16])
def test_an_id_that_no_request_has_when_looked_up_is_not_found(request_id: str) -> None:
    with pytest.raises(NotFound):
        request_uuid(request_id)


def test_an_id_as_it_is_given_out_when_looked_up_is_a_uuid() -> None:
    request_id = str(uuid.uuid4())

    assert str(request_uuid(request_id)) == request_id


def test_the_keys_of_locks_when_made_again_are_the_same_64_bit_numbers() -> None:
    assert lock_key("settle x") == lock_key("settle x") != lock_key("settle y")
    assert all(-(2**63) <= lock_key(str(number)) < 2**63 for number in range(100))
