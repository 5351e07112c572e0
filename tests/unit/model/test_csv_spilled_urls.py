"""URL lists without quotes that spill into further columns: gathered if unambiguous, else refused."""

from __future__ import annotations

import pytest
from csv_cases import HEADER, A, B, C, faults_below_header, only_row, rows_below_header

COMMAS = "https://a.example/w_300,h_200/a.jpg"


def test_list_when_unquoted_in_the_last_column_then_gathered() -> None:
    row = only_row(f"1,Chair,{A},{B}, {C}")
    assert row.image_urls == (A, B, C)
    assert row.cells == ("1", "Chair", f"{A},{B}, {C}")


def test_list_when_unquoted_and_padded_with_empty_cells_then_gathered() -> None:
    rows = rows_below_header(f"1,Chair,{A},{B},,", f"2,Table,{C},,,")
    assert [row.image_urls for row in rows] == [(A, B), (C,)]
    assert rows[1].cells == ("2", "Table", C)


def test_list_when_its_first_cell_is_empty_then_gathered() -> None:
    assert only_row(f"1,Chair,,{A}").image_urls == (A,)


def test_url_when_unquoted_with_commas_inside_then_whole_again() -> None:
    assert only_row(f"1,Chair,{COMMAS},{B}").image_urls == (COMMAS, B)


def test_url_when_semicolons_inside_split_it_then_whole_again() -> None:
    row = only_row("1;Chair;http://a.example/x;v=2/a.jpg;" + B, header=HEADER.replace(",", ";"))
    assert row.image_urls == ("http://a.example/x;v=2/a.jpg", B)


def test_list_when_spreadsheet_added_nameless_columns_then_gathered() -> None:
    rows = rows_below_header(f"1,Chair,{A},{B},{C}", f"2,Table,{A},,", header=f"{HEADER},,")
    assert [row.image_urls for row in rows] == [(A, B, C), (A,)]
    assert [len(row.cells) for row in rows] == [3, 3]


def test_list_when_unknown_columns_follow_then_they_get_their_own_cells() -> None:
    row = only_row(f"1,Chair,{A},{B},{C},red,4", header=f"{HEADER},Colour,Size")
    assert (row.image_urls, row.cells[3:]) == ((A, B, C), ("red", "4"))


def test_list_when_the_product_follows_then_it_gets_its_own_cell() -> None:
    row = only_row(f"1,{A},{B},Chair", header="S. No.,Input Image Urls,Product Name")
    assert (row.image_urls, row.product_name) == ((A, B), "Chair")


def test_row_when_as_long_as_the_header_then_a_url_in_an_unknown_column_stays_there() -> None:
    row = only_row(f"1,Chair,{A},{B}", header=f"{HEADER},Thumbnail")
    assert (row.image_urls, row.cells[3]) == ((A,), B)


@pytest.mark.parametrize(
    ("header", "line"),
    [
        (f"{HEADER},Colour", f"1,Chair,{COMMAS},red"),  # comma inside the URL, or another column?
        (f"{HEADER},Colour", f"1,Chair,{A},red,"),  # colour and a spare comma, or a comma inside the URL?
        (f"{HEADER},Colour", f"1,Chair,{A},{B},{C}"),  # three URLs, or two and a colour that is one?
        ("S. No.,Input Image Urls,Product Name", f"1,{A},Chair, oak"),
        (HEADER, f"1,Chair, oak,{A}"),
        (HEADER, "1,Chair,oak,red"),
    ],
)
def test_row_when_its_cells_can_be_told_apart_in_two_ways_then_refused(header: str, line: str) -> None:
    assert faults_below_header(line, header=header) == [("ambiguous_row", 2, "Input Image Urls")]


def test_row_when_a_url_stands_for_the_product_then_refused() -> None:
    found = faults_below_header(f"1,{A},{B}", header="S. No.,Input Image Urls,Product Name")
    assert found == [("ambiguous_row", 2, "Product Name")]
