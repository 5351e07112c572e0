"""Delimiters, line ends, blank lines and physical line numbers."""

from __future__ import annotations

import pytest
from csv_cases import HEADER, A, B, faults, only_row, parsed, rows_below_header


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiter_when_one_of_three_then_detected(delimiter: str) -> None:
    table = parsed(f'{HEADER}\n1,Chair,"{A}, {B}"\n'.replace(",", delimiter).replace(f"{delimiter} ", ", "))
    assert table.delimiter == delimiter
    assert table.rows[0].image_urls == (A, B)


def test_delimiter_when_semicolon_then_url_list_needs_no_quotes() -> None:
    assert only_row(f"1;Chair, oak;{A},{B}", header=HEADER.replace(",", ";")).image_urls == (A, B)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_when_any_of_three_then_rows_and_lines_are_right(newline: str) -> None:
    rows = parsed(newline.join((HEADER, f"1,Chair,{A}", f"2,Table,{B}", ""))).rows
    assert [(row.number, row.line, row.product_name) for row in rows] == [(0, 2, "Chair"), (1, 3, "Table")]


def test_line_ends_when_mixed_then_each_ends_a_line() -> None:
    rows = parsed(f"{HEADER}\r\n1,a,{A}\r2,b,{A}\n3,c,{A}").rows
    assert [row.line for row in rows] == [2, 3, 4]


def test_line_separators_of_unicode_when_in_a_cell_then_part_of_it() -> None:
    assert only_row(f"1,a\u2028b\x85c\x0bd,{A}").product_name == "a\u2028b\x85c\x0bd"


def test_blank_lines_when_between_rows_then_skipped_but_counted() -> None:
    rows = parsed(f"\n \n{HEADER}\n\n1,a,{A}\n,,\n\t\n2,b,{A}\n\n").rows
    assert [(row.number, row.line) for row in rows] == [(0, 5), (1, 8)]


def test_line_numbers_when_a_cell_holds_newlines_then_those_where_rows_start() -> None:
    rows = parsed(f'{HEADER}\n1,"a\nb\r\nc",{A}\n2,d,"{A},\r{B}"\n3,e,{A}').rows
    assert [row.line for row in rows] == [2, 5, 7]
    assert rows[0].product_name == "a\nb\r\nc"


def test_violations_when_rows_span_lines_then_name_where_rows_start() -> None:
    assert faults(f'{HEADER}\n1,"a\n\nb",{A}\nx,c,"{A},\n{B}"\ny,d,{A}') == [
        ("bad_serial_number", 5, "S. No."),
        ("bad_serial_number", 7, "S. No."),
    ]


@pytest.mark.parametrize("written", ["1", "1.", " 1 ", "1.0", "001", '"1."'])
def test_serial_number_when_written_as_people_do_then_normalised(written: str) -> None:
    assert only_row(f"{written},Chair,{A}").serial_number == "1"


def test_cells_when_serial_number_is_normalised_then_as_written() -> None:
    assert only_row(f"1., Chair ,{A}").cells == ("1.", " Chair ", A)


def test_product_name_when_spaces_are_around_then_without_them() -> None:
    assert only_row(f"1,  Oak chair ,{A}").product_name == "Oak chair"


def test_row_when_shorter_than_the_header_then_kept_as_short_as_it_is() -> None:
    rows = rows_below_header(f"1,Chair,{A}", header=f"{HEADER},Colour,Size")
    assert rows[0].cells == ("1", "Chair", A)
