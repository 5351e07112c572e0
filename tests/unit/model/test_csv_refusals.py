"""Bad rows: every one of them in one answer, with line, column, code and a sentence; and the limits."""

from __future__ import annotations

import tracemalloc

import pytest
from csv_cases import HEADER, A, faults, faults_below_header, parsed, refusal

from imagebatch.model.csvtext import MAX_DELIMITERS_IN_LINE
from imagebatch.model.errors import TooLarge


@pytest.mark.parametrize("serial", ["", " ", "x", "-1", "0", "1.5", "1e3", "1-2", "٣", "9" * 19, "=1"])
def test_serial_number_when_no_whole_number_from_1_on_then_refused(serial: str) -> None:
    assert faults_below_header(f"{serial},Chair,{A}") == [("bad_serial_number", 2, "S. No.")]


def test_serial_number_when_used_before_then_refused_and_first_line_named() -> None:
    violations = refusal(f"{HEADER}\n1,a,{A}\n2,b,{A}\n1.,c,{A}\n01,d,{A}").violations
    assert [(v.code, v.line, v.column) for v in violations] == [
        ("duplicate_serial_number", 4, "S. No."),
        ("duplicate_serial_number", 5, "S. No."),
    ]
    assert all("already used on line 2" in v.message for v in violations)


@pytest.mark.parametrize("name", ["", "  ", '"\n"', "\u00a0"])
def test_product_name_when_empty_then_refused(name: str) -> None:
    assert faults_below_header(f"1,{name},{A}") == [("empty_product_name", 2, "Product Name")]


@pytest.mark.parametrize("line", ["1,Chair", "1,Chair,", '1,Chair," , ,"', "1,Chair,,,"])
def test_urls_when_there_is_none_then_refused(line: str) -> None:
    assert faults_below_header(line) == [("no_url", 2, "Input Image Urls")]


def test_urls_when_20_then_accepted_and_21_refused() -> None:
    assert len(parsed(f"{HEADER}\n1,Chair," + ",".join([A] * 20)).rows[0].image_urls) == 20
    assert faults_below_header("1,Chair," + ",".join([A] * 21)) == [("too_many_urls", 2, "Input Image Urls")]


def test_urls_when_several_of_a_row_are_bad_then_each_is_named() -> None:
    line = '1,Chair,"http://a b,https://[,' + A + ",https://a.example/" + "x" * 2_048 + '"'
    assert [code for code, _, _ in faults_below_header(line)] == ["malformed_url", "malformed_url", "url_too_long"]


def test_answer_when_rows_are_bad_in_many_ways_then_names_all_of_them_by_line() -> None:
    source = f"SNo,PRODUCT,Image URL\nx,,ftp://a\n2,ok,{A}\n2,ok,{A}\n\n5,ok,nothing\n"
    answer = refusal(source)
    assert [(v.code, v.line, v.column) for v in answer.violations] == [
        ("bad_serial_number", 2, "SNo"),
        ("empty_product_name", 2, "PRODUCT"),
        ("unsupported_scheme", 2, "Image URL"),
        ("duplicate_serial_number", 4, "SNo"),
        ("malformed_url", 6, "Image URL"),
    ]
    assert all(v.message.endswith(".") for v in answer.violations)
    assert answer.code == "invalid_csv"
    assert answer.message == "The CSV cannot be accepted: 5 problems were found."


def test_answer_when_problems_are_over_1000_then_names_the_first_and_says_how_many_more() -> None:
    answer = refusal(f"{HEADER}\n" + f"x,Chair,{A}\n" * 1_234)
    assert [v.line for v in answer.violations] == list(range(2, 1_002))
    assert "1,234 problems" in answer.message
    assert "234 more are not" in answer.message


def test_answer_when_bad_bytes_are_over_the_limit_then_counted() -> None:
    answer = refusal(f"{HEADER}\n".encode() + b"1,\xff,http://a.example\n" * 50, max_violations=3)
    assert [v.line for v in answer.violations] == [2, 3, 3]
    assert "99 problems" in answer.message  # 50 lines of bad bytes, 49 serial numbers used before


def test_rows_when_at_the_limit_then_accepted_and_one_over_refused() -> None:
    source = HEADER + "".join(f"\n{n},a,{A}" for n in range(1, 4))
    assert len(parsed(source, max_rows=3).rows) == 3
    assert faults(source + f"\n4,a,{A}\n5,a,{A}", max_rows=3) == [("too_many_rows", 5, None)]


def test_columns_when_at_the_limit_then_accepted_and_one_over_refused() -> None:
    row = f"\n1,a,{A}"
    assert len(parsed(f"{HEADER},x,y{row}", max_columns=5).rows) == 1
    assert faults(f"{HEADER},x,y,z{row}", max_columns=5) == [("too_many_columns", 1, None)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_line_when_it_has_more_delimiters_than_any_row_then_refused_before_it_becomes_cells(delimiter: str) -> None:
    head = f"{HEADER}\n1,a,{A}\n2,a,{A}".replace(",", delimiter)
    most = delimiter * (MAX_DELIMITERS_IN_LINE - 2)
    assert len(parsed(head + most).rows) == 2
    assert faults(head + most + delimiter) == [("too_many_columns", 3, None)]


def test_rows_when_short_under_a_wide_header_then_in_no_more_memory_than_their_text_is_worth() -> None:
    rows = "".join(f"\n{n},a,{A}" for n in range(1, 5_001))
    tracemalloc.start()
    try:
        assert len(parsed(f"{HEADER}{',x' * 990}{rows}").rows) == 5_000
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024  # padded, 40 MB of empty cells
    finally:
        tracemalloc.stop()


def test_file_when_over_the_limit_of_bytes_then_too_large() -> None:
    source = f"{HEADER}\n1,a,{A}"
    assert parsed(source, max_bytes=len(source)).rows
    answer = refusal(source, max_bytes=len(source) - 1)
    assert isinstance(answer, TooLarge)
    assert answer.code == "too_large"


def test_limits_when_set_then_hold() -> None:
    line = f'1,a,"{A},{A}x"'
    assert faults(f"{HEADER}\n{line}", max_urls_per_row=1)[0][0] == "too_many_urls"
    assert faults(f"{HEADER}\n{line}", max_url_length=len(A))[0][0] == "url_too_long"
