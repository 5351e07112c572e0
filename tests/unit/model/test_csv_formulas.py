"""Cells that a spreadsheet would run as a formula."""

from __future__ import annotations

import pytest
from csv_cases import HEADER, A, parsed, written
from hypothesis import given
from hypothesis import strategies as st

from imagebatch.model.csvcells import guard_formula, unguard_formula


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\nx",
        "＝1",
        "＋A1",
        "－A1",
        "＠A1",
        " =1",
        "\u00a0=1",
        "\ufeff=1",
        "-5-cmd|' /C calc'!A0",
        "+49 30 123",
        "=",
        "--",
        "-A1",
        "+",
    ],
)
def test_cell_when_a_formula_then_gets_an_apostrophe(cell: str) -> None:
    assert guard_formula(cell) == f"'{cell}"


@pytest.mark.parametrize(
    "cell", ["", "Chair", "a=b", "-5", "+5", "-1.5", "-1,234.56", "-12 %", "-1e9", " -5 ", "-", "'=1", "5-3", A]
)
def test_cell_when_no_formula_then_unchanged(cell: str) -> None:
    assert guard_formula(cell) == cell


@given(st.one_of(st.text(), st.from_regex(r"'?[\s=+\-@＝＋－＠]{0,3}[0-9A-Z.,%e]{0,4}")))
def test_guard_when_applied_twice_then_nothing_more_happens(cell: str) -> None:
    once = guard_formula(cell)
    assert guard_formula(once) == once
    assert once in (cell, f"'{cell}")


@given(st.text().filter(lambda cell: not cell.startswith("'")))
def test_guard_when_undone_then_the_cell_is_as_before(cell: str) -> None:
    assert unguard_formula(guard_formula(cell)) == cell


def test_output_when_cells_are_formulas_then_guarded_everywhere_and_read_back() -> None:
    table = parsed(f'{HEADER},=Note\n1,=Chair,"\t{A}","@x,"\n2,\'Table,{A},-5')
    lines = written(table).decode().split("\r\n")
    assert lines[0] == f"{HEADER},'=Note,Output Image Urls"
    assert lines[1] == f'1,\'=Chair,"\'\t{A}","\'@x,",https://out.example/0-0.jpg'
    assert lines[2] == f"2,'Table,{A},-5,https://out.example/1-0.jpg"
    again = parsed(written(table))
    assert [(r.product_name, r.image_urls) for r in again.rows] == [("=Chair", (A,)), ("'Table", (A,))]
