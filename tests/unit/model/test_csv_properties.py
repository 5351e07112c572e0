"""Whatever dialect a table is written in, the rows are the same; whatever bytes come, the answer is a refusal."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from csv_cases import HEADER, parsed, written
from hypothesis import example, given
from hypothesis import strategies as st

from imagebatch.model.csvrows import CsvLimits, parse
from imagebatch.model.errors import InvalidRequest

LIMITS = CsvLimits(max_bytes=20_000, max_rows=50, max_violations=5)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NAME = TEXT.map(str.strip).filter(lambda s: s and s[0] not in "'\ufeff\u200b" and "://" not in s)
URL = st.from_regex(r"https?://[a-z]{1,8}\.example(/[a-zA-Z0-9_,.é]{1,8}){0,2}/[a-z0-9]{1,5}\.jpg", fullmatch=True)
SPELLINGS = (
    ["S. No.", " s.no ", "Serial  Number", "SNO"],
    ["Product Name", "PRODUCT"],
    ["Input Image Urls", "input image URLs "],
)


@dataclass(frozen=True)
class Product:
    name: str
    urls: tuple[str, ...]
    colour: str


PRODUCTS = st.lists(
    st.builds(Product, NAME, st.lists(URL, min_size=1, max_size=4).map(tuple), TEXT), min_size=1, max_size=5
)


@st.composite
def files(draw: st.DrawFn) -> tuple[list[Product], bytes]:
    products = draw(PRODUCTS)
    header = [draw(st.sampled_from(names)) for names in SPELLINGS] + ["Colour"]
    separator = draw(st.sampled_from([",", ", ", " ,\n"]))
    full_stop = draw(st.sampled_from(["", ".", ".0"]))
    table = [header]
    for number, product in enumerate(products, 1):
        table.append([f"{number}{full_stop}", product.name, separator.join(product.urls), product.colour])
    order = draw(st.permutations(range(4)))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    return products, _as_csv(draw, [[line[i] for i in order] for line in table]).encode(encoding)


def _as_csv(draw: st.DrawFn, table: list[list[str]]) -> str:
    text = io.StringIO(newline="")
    delimiter = draw(st.sampled_from([",", ";", "\t"]))
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    # csv.writer leaves a lone CR unquoted unless it is its own line end.
    breaks = any("\r" in cell or "\n" in cell for line in table for cell in line)
    quoting = csv.QUOTE_ALL if breaks else draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    writer = csv.writer(text, delimiter=delimiter, lineterminator=newline, quoting=quoting)
    for line in table:
        writer.writerow(line)
        text.write(draw(st.sampled_from(["", newline])))
    return text.getvalue()


@given(files())
def test_table_when_written_in_any_dialect_then_the_same_rows(case: tuple[list[Product], bytes]) -> None:
    products, data = case
    rows = parsed(data).rows
    assert [row.serial_number for row in rows] == [str(n) for n in range(1, len(products) + 1)]
    assert [(row.product_name, row.image_urls) for row in rows] == [(p.name, p.urls) for p in products]


@given(PRODUCTS, st.sampled_from([",", ";", "\t"]))
def test_url_list_when_spilled_without_quotes_then_the_same_rows(products: list[Product], delimiter: str) -> None:
    lines = [HEADER.replace(",", delimiter)]
    lines += [delimiter.join((str(n), "Chair", *p.urls)) for n, p in enumerate(products, 1)]
    rows = parsed("\n".join(lines)).rows
    assert [row.image_urls for row in rows] == [p.urls for p in products]


@given(files())
def test_output_when_parsed_then_the_same_rows_and_cells(case: tuple[list[Product], bytes]) -> None:
    table = parsed(case[1])
    again = parsed(written(table))
    assert [_meaning(row) for row in again.rows] == [_meaning(row) for row in table.rows]
    assert again.header == (*table.header, "Output Image Urls")
    assert (again.delimiter, again.has_bom) == (table.delimiter, table.has_bom)


@given(files())
def test_output_when_written_twice_then_the_same_bytes(case: tuple[list[Product], bytes]) -> None:
    table = parsed(case[1])
    assert written(table) == written(parsed(case[1]))
    assert written(parsed(written(table))) == written(table)


SNIPPETS = st.sampled_from(
    [
        b'"',
        b'""',
        b",",
        b";",
        b"\t",
        b"\r",
        b"\n",
        b" ",
        b"\0",
        b"\xff",
        b"\xd8\x00",
        b"1",
        b".",
        b"http://",
        b"https://a.b/c",
    ]
)


@given(
    st.sampled_from([b"", HEADER.encode() + b"\n", b"\xff\xfe", b"\xfe\xff", HEADER.encode("utf-16") + b"\n\x00"]),
    st.one_of(st.binary(max_size=200), st.lists(SNIPPETS, max_size=40).map(b"".join)),
)
@example(b"", b"\xff\xfe\x00\x00")
def test_bytes_when_arbitrary_then_rows_or_a_refusal(start: bytes, tail: bytes) -> None:
    try:
        assert parse(start + tail, LIMITS).rows
    except InvalidRequest as refused:
        lines = [v.line or 0 for v in refused.violations]
        assert 1 <= len(lines) <= LIMITS.max_violations
        assert lines == sorted(lines)


def _meaning(row: object) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in ("number", "serial_number", "product_name", "image_urls"))
