"""UTF-8 with or without byte order mark, UTF-16 by it; what cannot be decoded is named."""

from __future__ import annotations

import pytest
from csv_cases import HEADER, A, faults, parsed, refusal

TEXT = f"{HEADER}\n1,Fauteuil à œillets 椅子 🪑,{A}\n"


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", b""), ("utf-8", b"\xef\xbb\xbf"), ("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")],
)
def test_text_when_in_any_encoding_then_the_same_rows(encoding: str, mark: bytes) -> None:
    table = parsed(mark + TEXT.encode(encoding))
    assert table.rows[0].product_name == "Fauteuil à œillets 椅子 🪑"
    assert table.header[0] == "S. No."
    assert table.has_bom == bool(mark)


def test_byte_order_mark_when_there_twice_then_no_part_of_the_header() -> None:
    assert parsed(b"\xef\xbb\xbf\xef\xbb\xbf" + TEXT.encode()).header[0] == "S. No."


def test_bytes_when_not_utf8_then_line_and_offset_are_named() -> None:
    data = f"{HEADER}\r\n1,ok,{A}\r\n2,caf".encode() + b"\xe9" + f",{A}\r\n".encode()
    (violation,) = refusal(data).violations
    assert (violation.code, violation.line) == ("undecodable_bytes", 3)
    assert f"Byte {data.index(0xE9):,} " in violation.message


def test_bytes_when_bad_on_several_lines_then_each_line_is_named_with_its_offset() -> None:
    data = b"\xef\xbb\xbf" + f"{HEADER}\n1,é".encode() + b"\xff\xfe" + f",{A}\n2,b\xff,{A}\n".encode("latin-1")
    answer = refusal(data).violations
    assert [(v.code, v.line) for v in answer] == [("undecodable_bytes", 2), ("undecodable_bytes", 3)]
    assert f"Byte {data.index(0xFF)} " in answer[0].message
    assert f"Byte {data.rindex(0xFF)} " in answer[1].message


def test_bytes_when_undecodable_then_other_faults_are_named_as_well() -> None:
    data = f"{HEADER}\nx,a,{A}\n2,".encode() + b"\xe9" + f",{A}\n3,,{A}".encode()
    assert [(code, line) for code, line, _ in faults(data)] == [
        ("bad_serial_number", 2),
        ("undecodable_bytes", 3),
        ("empty_product_name", 4),
    ]


@pytest.mark.parametrize("tail", [b"\x00", b"\x00\xd8", b"\x00\xd8a\x00"])
def test_utf16_when_cut_or_unpaired_then_offset_is_named(tail: bytes) -> None:
    start = b"\xff\xfe" + TEXT.encode("utf-16-le") + "2,b".encode("utf-16-le")
    violation = refusal(start + tail).violations[0]
    assert (violation.code, violation.line) == ("undecodable_bytes", 3)
    assert f"Byte {len(start)} (counted from 0) is not UTF-16" in violation.message


def test_nul_when_in_a_cell_then_line_and_offset_are_named() -> None:
    data = f"{HEADER}\n1,a,{A}\n2,b\0,{A}\n".encode()
    (violation,) = refusal(data).violations
    assert (violation.code, violation.line) == ("nul", 3)
    assert f"Byte {data.index(0)} " in violation.message


def test_nul_when_utf16_has_no_byte_order_mark_then_only_nul_is_named() -> None:
    assert {code for code, _, _ in faults(TEXT.replace("🪑", "").encode("utf-16-le"))} >= {"nul"}


def test_replacement_character_when_written_by_the_user_then_text_like_any_other() -> None:
    assert parsed(f"{HEADER}\n1,a\ufffdb,{A}").rows[0].product_name == "a\ufffdb"
