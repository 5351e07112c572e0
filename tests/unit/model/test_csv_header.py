"""Which headers are understood, and what is said about the others."""

from __future__ import annotations

import pytest
from csv_cases import A, faults, parsed, refusal


@pytest.mark.parametrize(
    "header",
    [
        "S. No.,Product Name,Input Image Urls",
        "s. no.,product name,input image urls",
        "S.NO,PRODUCT NAME,INPUT IMAGE URLS",
        "  S.  No.  ,  Product   Name ,Input  Image  Urls ",
        "Serial Number,Product,Input Image URLs",
        "SNo,Product Name,Input Image URLs",
        "serial_number,product_name,input_image_urls",
        "Sr. No.,Product-Name,Image URLs",
        '"S. No.","Product Name","Input Image Urls"',
        '"S.\nNo.","Product\nName","Input Image\nUrls"',
        "S\u00a0No,Product\u00a0Name,Input\u00a0Image\u00a0Urls",
    ],
)
def test_header_when_spelled_as_people_do_then_columns_are_found(header: str) -> None:
    (row,) = parsed(f"{header}\n1,Chair,{A}").rows
    assert (row.serial_number, row.product_name, row.image_urls) == ("1", "Chair", (A,))


def test_header_when_read_then_kept_as_written() -> None:
    assert parsed(f" sno ,PRODUCT,Image URL\n1,Chair,{A}").header == (" sno ", "PRODUCT", "Image URL")


def test_columns_when_in_any_order_then_found() -> None:
    (row,) = parsed(f"Input Image Urls,S. No.,Product Name\n{A},1,Chair").rows
    assert (row.serial_number, row.product_name, row.image_urls) == ("1", "Chair", (A,))


def test_columns_when_unknown_then_carried_through() -> None:
    table = parsed(f'Colour,S. No.,Product Name,"Size, cm",Input Image Urls\n red,1.,Chair,"40, 50",{A}')
    assert table.header == ("Colour", "S. No.", "Product Name", "Size, cm", "Input Image Urls")
    assert table.rows[0].cells == (" red", "1.", "Chair", "40, 50", A)


def test_columns_when_two_spellings_of_one_are_there_then_the_better_is_used() -> None:
    (row,) = parsed(f"Product,S. No.,Product Name,Input Image Urls\nfurniture,1,Chair,{A}").rows
    assert row.product_name == "Chair"


def test_columns_when_one_is_there_twice_then_refused() -> None:
    text = f"S. No.,Product Name,product name,Input Image Urls\n1,a,b,{A}"
    assert faults(text) == [("duplicate_column", 1, "Product Name")]


def test_columns_when_missing_then_each_is_named() -> None:
    assert faults("Colour,Size\nred,4") == [
        ("missing_column", 1, "S. No."),
        ("missing_column", 1, "Product Name"),
        ("missing_column", 1, "Input Image Urls"),
    ]


def test_columns_when_one_is_missing_then_only_it_is_named_on_the_line_of_the_header() -> None:
    assert faults(f"\n\nS. No.,Input Image Urls\n1,{A}") == [("missing_column", 3, "Product Name")]


def test_header_when_its_names_are_far_too_long_then_not_recognised() -> None:
    assert faults("S" + "." * 5_000 + f"No,Product,Image Urls\n1,Chair,{A}") == [("missing_column", 1, "S. No.")]


@pytest.mark.parametrize("source", [b"", b"\n\r\n", b"\xef\xbb\xbf", b",,\n , ,\n"])
def test_file_when_empty_then_refused(source: bytes) -> None:
    assert [code for code, _, _ in faults(source)] == ["no_rows"]


def test_file_when_it_has_only_a_header_then_refused() -> None:
    answer = refusal("S. No.,Product Name,Input Image Urls\n\n,,\n")
    assert [v.code for v in answer.violations] == ["no_rows"]
    assert answer.code == "invalid_csv"
