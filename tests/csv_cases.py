"""How the CSV tests hand text to the parser and look at what comes back."""

from __future__ import annotations

import io

import pytest

from imagebatch.model.csvout import OutputCsvWriter
from imagebatch.model.csvrows import CsvLimits, CsvTable, Row, parse
from imagebatch.model.errors import InvalidRequest

HEADER = "S. No.,Product Name,Input Image Urls"
A, B, C = "https://a.example/1.jpg", "http://b.example/2.jpg", "https://c.example/3.jpg"


def parsed(source: str | bytes, **limits: int) -> CsvTable:
    data = source.encode() if isinstance(source, str) else source
    return parse(data, CsvLimits(**limits))


def rows_below_header(*lines: str, header: str = HEADER) -> list[Row]:
    return parsed("\n".join((header, *lines))).rows


def only_row(line: str, header: str = HEADER) -> Row:
    (row,) = rows_below_header(line, header=header)
    return row


def refusal(source: str | bytes, **limits: int) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        parsed(source, **limits)
    return caught.value


def faults(source: str | bytes, **limits: int) -> list[tuple[str, int | None, str | None]]:
    return [(v.code, v.line, v.column) for v in refusal(source, **limits).violations]


def faults_below_header(*lines: str, header: str = HEADER) -> list[tuple[str, int | None, str | None]]:
    return faults("\n".join((header, *lines)))


def written(table: CsvTable, base: str = "https://out.example/") -> bytes:
    sink = io.BytesIO()
    writer = OutputCsvWriter(sink, table)
    for row in table.rows:
        writer.write_row(row, [f"{base}{row.number}-{n}.jpg" for n in range(len(row.image_urls))])
    return sink.getvalue()
