from __future__ import annotations

import pytest

from imagebatch.database.copying import RowStream


def read_all(stream: RowStream, size: int) -> bytes:
    return b"".join(iter(lambda: stream.read(size) or b"", b""))


def test_text_with_separators_when_copied_is_escaped() -> None:
    stream = RowStream([("a\tb\nc\rd\\e", "quote\"'", "é😀")])

    assert read_all(stream, 4096).decode() == "a\\tb\\nc\\rd\\\\e\tquote\"'\té😀\n"


def test_values_other_than_text_when_copied_are_words_that_postgres_reads() -> None:
    assert read_all(RowStream([(1, None, True, "\\N", "")]), 4096) == b"1\t\\N\tTrue\t\\\\N\t\n"


def test_a_character_that_text_cannot_hold_when_copied_is_replaced() -> None:
    assert read_all(RowStream([("a\0b", "c\ud800d")]), 4096) == "a\ufffdb\tc?d\n".encode()


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_rows_when_read_in_pieces_of_any_size_are_the_same(size: int) -> None:
    rows = [(number, "x" * number) for number in range(50)]

    assert read_all(RowStream(rows), size) == b"".join(b"%d\t%s\n" % (n, b"x" * n) for n in range(50))


def test_rows_when_read_are_taken_from_their_source_only_as_needed() -> None:
    taken: list[int] = []
    stream = RowStream((taken.append(number) or number,) for number in range(100_000))  # type: ignore[func-returns-value]

    stream.read(10)

    assert len(taken) < 2_000


def test_a_source_that_fails_when_read_is_remembered() -> None:
    stream = RowStream(1 / 0 for _ in range(1))  # type: ignore[misc]

    with pytest.raises(ZeroDivisionError):
        stream.read(10)

    assert isinstance(stream.failure, ZeroDivisionError)
