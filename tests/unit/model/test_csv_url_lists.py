"""Lists of URLs in one cell, both ways."""

from __future__ import annotations

import pytest
from csv_cases import A, B, C, only_row

from imagebatch.model.csvrows import split_urls
from imagebatch.model.csvurls import join_slots, split_slots

COMMAS = "https://a.example/w_300,h_200/a.jpg"


@pytest.mark.parametrize(
    ("cell", "urls"),
    [
        ("", []),
        (" \n", []),
        (" , ,", []),
        (A, [A]),
        (f"{A},{B}", [A, B]),
        (f" {A} ,\r\n  {B}\n,\t{C} ", [A, B, C]),
        (f"{A},,{B},", [A, B]),
        (f",{A}", [A]),
        (COMMAS, [COMMAS]),
        (f"{COMMAS},{COMMAS}, {B}", [COMMAS, COMMAS, B]),
        ("HTTP://A.example/1.jpg,Https://b.example/2.jpg", ["HTTP://A.example/1.jpg", "Https://b.example/2.jpg"]),
        ("https://a.example/https://b.example/1.jpg", ["https://a.example/https://b.example/1.jpg"]),
    ],
)
def test_list_when_split_then_a_comma_separates_only_before_http(cell: str, urls: list[str]) -> None:
    assert split_urls(cell) == urls


def test_list_when_quoted_with_spaces_and_newlines_then_urls_are_without() -> None:
    assert only_row(f'1,Chair," {A},\n {COMMAS} ,\r\n{B}\n"').image_urls == (A, COMMAS, B)


def test_list_when_a_url_is_there_twice_then_both_count() -> None:
    assert only_row(f'1,Chair,"{A},{A}"').image_urls == (A, A)


@pytest.mark.parametrize(
    ("slots", "cell"),
    [
        ([A, None, C], f"{A},,{C}"),
        ([None, B], f",{B}"),
        ([A, None], f"{A},"),
        ([None], ""),
        ([None, None], ","),
        ([None, None, C, None, None], f",,{C},,"),
        ([COMMAS, None, COMMAS], f"{COMMAS},,{COMMAS}"),
    ],
)
def test_slots_when_joined_then_read_back_in_place(slots: list[str | None], cell: str) -> None:
    assert join_slots(slots) == cell
    assert split_slots(cell) == slots


def test_slots_when_a_comma_in_a_url_would_separate_then_written_as_percent_2c() -> None:
    cell = join_slots(["https://a.example/x,,https://b.example/", "https://a.example/y,,"])
    assert cell == "https://a.example/x%2C%2Chttps://b.example/,https://a.example/y%2C%2C"
    assert len(split_slots(cell)) == 2
