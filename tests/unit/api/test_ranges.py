"""Preconditions and ranges by RFC 9110, sections 13 and 14."""

from __future__ import annotations

import pytest

from imagebatch_api.ranges import Selection, select

ETAG = '"abc"'
WHOLE = Selection(200, 0, 100)


def selected(method: str = "GET", size: int = 100, **headers: str) -> Selection:
    return select(method, {name.replace("_", "-"): value for name, value in headers.items()}, ETAG, size)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("bytes=0-9", Selection(206, 0, 10)),
        ("bytes=0-0", Selection(206, 0, 1)),
        ("bytes=90-", Selection(206, 90, 10)),
        ("bytes=90-500", Selection(206, 90, 10)),
        ("bytes=-10", Selection(206, 90, 10)),
        ("bytes=-500", Selection(206, 0, 100)),
        ("Bytes= 5-6 ", Selection(206, 5, 2)),
        ("bytes=100-", Selection(416)),
        ("bytes=100-200", Selection(416)),
        ("bytes=-0", Selection(416)),
    ],
)
def test_range_of_one_part_selects_its_bytes(field: str, expected: Selection) -> None:
    assert selected(range=field) == expected


@pytest.mark.parametrize(
    "field",
    ["", "bytes", "bytes=", "bytes=-", "bytes=9-0", "bytes=0-1,5-6", "lines=0-9", "bytes=a-b", "bytes=+1-2", "0-9"],
)
def test_range_that_cannot_be_used_is_ignored(field: str) -> None:
    assert selected(range=field) == WHOLE


@pytest.mark.parametrize("field", ["bytes=0-", "bytes=-5", "bytes=3-4"])
def test_range_of_an_empty_file_is_ignored(field: str) -> None:
    assert selected(size=0, range=field) == Selection(200, 0, 0)


def test_range_of_head_is_ignored_entirely() -> None:
    assert selected("HEAD", range="bytes=0-9") == WHOLE


@pytest.mark.parametrize("field", [ETAG, "*", f'"x", {ETAG}', f"W/{ETAG}", f"{ETAG},"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_none_match_that_names_the_file_is_304(field: str, method: str) -> None:
    assert selected(method, if_none_match=field, range="bytes=0-9") == Selection(304)


@pytest.mark.parametrize("field", ['"x"', "abc", "", '"ABC"'])
def test_if_none_match_that_names_another_is_served(field: str) -> None:
    assert selected(if_none_match=field) == WHOLE


@pytest.mark.parametrize(("field", "status"), [(ETAG, 200), ("*", 200), (f"W/{ETAG}", 412), ('"x"', 412)])
def test_if_match_is_strong_and_comes_first(field: str, status: int) -> None:
    assert selected(if_match=field).status == status
    assert selected(if_match='"x"', if_none_match=ETAG).status == 412


@pytest.mark.parametrize(("field", "status"), [(ETAG, 206), (f"W/{ETAG}", 200), ('"x"', 200)])
def test_if_range_serves_the_part_only_of_the_same_file(field: str, status: int) -> None:
    assert selected(if_range=field, range="bytes=0-9").status == status
