"""`key new`: a random key, and the line of the keys file that matches it."""

from __future__ import annotations

import hashlib
import json

import pytest

from imagebatch_api.keys import matching, parse_keys


def test_key_when_made_is_the_one_that_its_line_lets_in(run):
    made = json.loads(run("key", "new", "shop", "-o", "json").out)
    keys = parse_keys(made["line"])
    found = matching(keys, made["key"])
    assert found is not None
    assert (found.name, made["name"]) == ("shop", "shop")


def test_key_when_made_twice_is_another_one(run):
    first, second = (run("key", "new", "shop").out.split()[1] for _ in range(2))
    assert first != second
    assert len(first) > 40


def test_key_when_printed_for_people_has_key_and_line(run, service):
    ended = run("key", "new", "shop")
    _, key, _, line = ended.out.split()
    assert line == f"shop:{hashlib.sha256(key.encode()).hexdigest()}"
    assert (ended.code, key in ended.err, service.requests) == (0, False, [])


@pytest.mark.parametrize("name", ["", "two words", "a:b", "#shop", "-x" * 40, "a,b"])
def test_key_when_the_name_is_none_exits_2(run, name):
    assert run("key", "new", "--", name).code == 2
