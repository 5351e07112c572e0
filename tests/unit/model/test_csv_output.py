"""output.csv and errors.csv."""

from __future__ import annotations

import csv
import io

import pytest
from csv_cases import HEADER, A, B, C, parsed, written

from imagebatch.model.csvout import ErrorsCsvWriter, OutputCsvWriter
from imagebatch.model.csvurls import split_slots

OUT = "https://out.example/1.jpg"


def test_output_when_written_then_input_columns_and_rows_and_one_more_column() -> None:
    table = parsed(f'Colour,S. No.,Product Name,Input Image Urls\nred,2.,"Chair, oak","{A}, {B}"\n,1,Table,{C}')
    sink = io.BytesIO()
    writer = OutputCsvWriter(sink, table)
    writer.write_row(table.rows[0], [OUT, OUT])
    writer.write_row(table.rows[1], [OUT])
    assert sink.getvalue().decode() == (
        "Colour,S. No.,Product Name,Input Image Urls,Output Image Urls\r\n"
        f'red,2.,"Chair, oak","{A}, {B}","{OUT},{OUT}"\r\n'
        f",1,Table,{C},{OUT}\r\n"
    )


def test_output_when_an_image_failed_then_its_slot_is_empty() -> None:
    table = parsed(f"{HEADER}\n1,Chair,{A},{B},{C}\n2,Table,{A}")
    sink = io.BytesIO()
    writer = OutputCsvWriter(sink, table)
    writer.write_row(table.rows[0], [OUT, None, OUT])
    writer.write_row(table.rows[1], [None])
    _, first, second = csv.reader(io.StringIO(sink.getvalue().decode(), newline=""))
    assert split_slots(first[-1]) == [OUT, None, OUT]
    assert split_slots(second[-1]) == [None]


def test_output_when_slots_and_images_differ_in_number_then_error() -> None:
    table = parsed(f"{HEADER}\n1,Chair,{A},{B}")
    with pytest.raises(ValueError, match="2 images, not 1"):
        OutputCsvWriter(io.BytesIO(), table).write_row(table.rows[0], [OUT])


def test_output_when_the_input_has_its_column_then_that_one_is_filled() -> None:
    table = parsed(f"S. No.,output image URLs,Product Name,Input Image Urls\n1,old,Chair,{A}")
    assert written(table, "https://out.example/").decode() == (
        f"S. No.,output image URLs,Product Name,Input Image Urls\r\n1,https://out.example/0-0.jpg,Chair,{A}\r\n"
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_output_when_written_then_delimiter_is_that_of_the_input(delimiter: str) -> None:
    table = parsed(f"{HEADER}\n1,Chair,{A}".replace(",", delimiter))
    assert written(table).decode().startswith(delimiter.join((*HEADER.split(","), "Output Image Urls\r\n")))


@pytest.mark.parametrize(("mark", "encoding"), [(b"", "utf-8"), (b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le")])
def test_output_when_written_then_utf8_with_a_mark_if_the_input_had_one(mark: bytes, encoding: str) -> None:
    output = written(parsed(mark + f"{HEADER}\n1,Çà,{A}".encode(encoding)))
    assert output.startswith(b"\xef\xbb\xbf") == bool(mark)
    assert "1,Çà," in output.decode("utf-8-sig")


def test_output_when_cells_hold_quotes_newlines_or_outer_spaces_then_quoted() -> None:
    table = parsed(f'{HEADER},Note\n1,"a ""b""",{A}," x"\n2,"c\rd",{A},;\n')
    again = parsed(written(table))
    assert [row.cells[:4] for row in again.rows] == [row.cells for row in table.rows]


def test_output_when_a_row_is_shorter_than_the_header_then_padded() -> None:
    output = written(parsed(f"{HEADER},Colour,Size\n1,Chair,{A}")).decode()
    assert [line.count(",") for line in output.splitlines()] == [5, 5]


def test_errors_when_written_then_a_line_for_each_failed_image() -> None:
    table = parsed(f"{HEADER}\n1.,=Chair,{A},{B}")
    sink = io.BytesIO()
    ErrorsCsvWriter(sink, table).write_error(table.rows[0], 1, "http_404", 'The server answered "404", twice.')
    assert sink.getvalue().decode() == (
        "S. No.,Product Name,Position,Input Image Url,Code,Message\r\n"
        f'1,\'=Chair,2,{B},http_404,"The server answered ""404"", twice."\r\n'
    )


def test_errors_when_there_are_none_then_only_the_header() -> None:
    sink = io.BytesIO()
    ErrorsCsvWriter(sink, parsed(f"\ufeffS. No.;Product;Image Urls\n1;a;{A}"))
    assert sink.getvalue() == b"\xef\xbb\xbfS. No.;Product Name;Position;Input Image Url;Code;Message\r\n"
