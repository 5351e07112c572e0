"""Result lines: what is written is read back, a stop is seen, and sums count slots and distinct bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imagebatch.model.batch import Bytes, Counts
from imagebatch.model.results import (
    Outcome,
    Tally,
    part_from_bytes,
    part_to_bytes,
    results_from_bytes,
    results_to_bytes,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
outcomes = st.builds(
    Outcome,
    index=st.integers(0, 10**6),
    url=texts,
    slots=st.integers(1, 9),
    name=st.none() | st.just("1.jpg"),
    code=st.none() | st.sampled_from(["http_404", "corrupt"]),
    message=st.none() | texts,
    bytes_in=st.none() | st.integers(0, 10**9),
    bytes_out=st.none() | st.integers(0, 10**9),
    kept_original=st.booleans(),
)


@given(st.lists(outcomes, max_size=5), st.booleans())
def test_part_when_read_back_is_the_same(ends: list[Outcome], stopped: bool):
    part = part_from_bytes(part_to_bytes("0001.ab", ends, stopped=stopped))
    assert (part.attempt, list(part.outcomes), part.stopped) == ("0001.ab", ends, stopped)


@given(st.lists(outcomes, max_size=8, unique_by=lambda outcome: outcome.index))
def test_results_are_by_index_and_the_same_bytes_in_any_order(ends: list[Outcome]):
    data = results_to_bytes(ends)
    assert data == results_to_bytes(reversed(ends))
    assert results_from_bytes(data) == sorted(ends, key=lambda outcome: outcome.index)


@given(st.lists(outcomes, max_size=8))
def test_tally_counts_slots_and_the_bytes_of_what_succeeded(ends: list[Outcome]):
    tally = Tally()
    for end in ends:
        tally.add(end)
    total = sum(end.slots for end in ends)
    progress = tally.progress(total)
    assert progress.counts.pending == 0
    assert progress.counts == Counts(
        total,
        sum(end.slots for end in ends if end.code is None),
        sum(end.slots for end in ends if end.code is not None),
    )
    assert progress.bytes == Bytes(
        sum(end.bytes_in or 0 for end in ends if end.code is None),
        sum(end.bytes_out or 0 for end in ends if end.code is None),
    )


def test_line_of_a_newer_version_is_read_without_what_is_unknown():
    (outcome,) = results_from_bytes(b'{"index":0,"url":"u","slots":1,"name":"0.jpg","colour":"new"}\n')
    assert outcome.name == "0.jpg"
