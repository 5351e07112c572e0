"""Names derive from the request id; a link token opens one object under one secret only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagebatch.model import names
from imagebatch.model.errors import NotFound

REQUEST = "11111111-1111-4111-8111-111111111111"
SECRET = b"a secret of thirty-two bytes ...."


def test_every_key_lies_under_the_requests_prefix():
    prefix = names.request_prefix(REQUEST)
    keys = [
        names.input_key(REQUEST),
        names.images_key(REQUEST),
        names.plan_key(REQUEST),
        names.part_key(REQUEST, 3, "0001.ab", 2),
        names.shard_results_key(REQUEST, 3),
        names.image_key(REQUEST, "7.jpg"),
        *(names.result_key(REQUEST, name) for name in names.RESULT_FILES),
    ]
    assert all(key.startswith(prefix) for key in keys)
    assert len(set(keys)) == len(keys)


def test_parts_of_a_shard_are_not_parts_of_another():
    assert not names.part_key(REQUEST, 10, "a", 0).startswith(names.parts_prefix(REQUEST, 1))
    assert not names.shard_results_key(REQUEST, 1).startswith(names.parts_prefix(REQUEST, 1))


def test_parts_of_an_attempt_sort_in_their_order():
    keys = [names.part_key(REQUEST, 0, "0001.ab", part) for part in (0, 9, 10, 1_000)]
    assert keys == sorted(keys)


def test_webhook_id_of_a_retry_is_another_whenever_it_is_made_anew():
    made_at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    again = [names.webhook_id(REQUEST, made_at + timedelta(microseconds=n)) for n in range(3)]
    assert len({names.webhook_id(REQUEST), *again}) == 4
    assert all(each.startswith("msg_") for each in again)


def test_webhook_id_of_a_retry_is_the_same_in_every_time_zone():
    made_at = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    elsewhere = made_at.astimezone(timezone(timedelta(hours=5)))
    assert names.webhook_id(REQUEST, made_at) == names.webhook_id(REQUEST, elsewhere)


def test_result_key_of_another_name_is_not_found():
    with pytest.raises(NotFound):
        names.result_key(REQUEST, "../secret")


@given(st.text(max_size=30), st.text(max_size=30))
def test_link_token_opens_its_own_key_only(one: str, other: str):
    token = names.link_token(SECRET, one)
    assert names.link_token_fits(SECRET, one, token)
    assert (one == other) is names.link_token_fits(SECRET, other, token)
    assert not names.link_token_fits(b"another secret", one, token)


@given(st.text(max_size=40))
def test_link_token_of_any_text_never_raises(text: str):
    assert not names.link_token_fits(SECRET, "key", text)


def test_public_link_is_the_same_every_time():
    key = names.image_key(REQUEST, "0.jpg")
    link = names.public_link("https://images.example/", SECRET, key)
    assert link == names.public_link("https://images.example", SECRET, key)
    assert link.startswith(f"https://images.example/results/{REQUEST}/images/0.jpg?t=")
