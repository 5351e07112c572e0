"""Quoting by RFC 4180, the spaces people leave beside quotes, and quotes that are broken."""

from __future__ import annotations

import csv
import threading

import pytest
from csv_cases import HEADER, A, B, faults, faults_below_header, only_row, rows_below_header


def test_cell_when_quoted_then_delimiters_newlines_and_doubled_quotes_are_its_own() -> None:
    assert only_row(f'1,"5"" pipe,\nblack",{A}').product_name == '5" pipe,\nblack'


def test_quote_when_inside_an_unquoted_cell_then_part_of_it() -> None:
    assert only_row(f'1,Pipe 5",{A}').product_name == 'Pipe 5"'


@pytest.mark.parametrize(
    "line",
    [f'1, "Chair, oak", "{A}, {B}"', f'1,"Chair, oak" ,"{A}, {B}"  ', f' "1" , "Chair, oak" , "{A}, {B}" '],
)
def test_quotes_when_spaces_are_beside_them_then_still_quotes(line: str) -> None:
    row = only_row(line)
    assert (row.product_name, row.image_urls) == ("Chair, oak", (A, B))


def test_quotes_when_inside_a_cell_beside_spaces_then_cell_is_unchanged() -> None:
    assert only_row(f'1,"say ""hi"" , ""ho"" ",{A}').cells[1] == 'say "hi" , "ho" '


def test_quote_when_never_closed_then_its_row_is_named_and_the_others_are_checked() -> None:
    found = faults_below_header(f'1,"Chair,{A}', f"2,Table,{A}", f"x,Desk,{A}")
    assert found == [("unterminated_quote", 2, None), ("bad_serial_number", 4, "S. No.")]


def test_quote_when_closed_by_the_next_row_then_row_is_named_and_the_others_are_checked() -> None:
    found = faults_below_header(f'1,"Chair,{A}', f'2,"Table",{A}', f'x,"Desk",{A}')
    assert found == [("malformed_quote", 2, None), ("bad_serial_number", 4, "S. No.")]


def test_quote_when_closed_in_the_middle_of_a_cell_then_every_such_row_is_named() -> None:
    found = faults_below_header(f'1,"5" pipe",{A}', f"2,ok,{A}", f'3,"6" pipe",{A}')
    assert found == [("malformed_quote", 2, None), ("malformed_quote", 4, None)]


def test_quote_when_never_closed_in_the_header_then_refused() -> None:
    assert faults(f'S. No.,"Product Name,Input Image Urls\n1,Chair,{A}') == [("unterminated_quote", 1, None)]


def test_cell_when_longer_than_the_limit_of_the_csv_module_then_read() -> None:
    long = "x" * (csv.field_size_limit() + 1)
    assert rows_below_header(f"1,{long},{A}")[0].product_name == long


def test_limit_of_the_csv_module_when_files_are_read_in_threads_then_as_before() -> None:
    before = csv.field_size_limit()
    source = f'{HEADER}\n1,{"x" * (before + 1)},{A}\n"'
    threads = [threading.Thread(target=faults, args=(source,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert csv.field_size_limit() == before
