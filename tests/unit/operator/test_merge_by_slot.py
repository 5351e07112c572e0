"""Whatever the rows, shards and ends: every slot gets the outcome of its own URL, as a naive merge would give it."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from fakes.memory_store import MemoryBlobStore
from hypothesis import given
from hypothesis import strategies as st
from support.batch_scene import Scene, failed, make_scene, succeeded

from imagebatch.model.batch import BatchSpec
from imagebatch.model.plan import Image
from imagebatch.model.results import Outcome
from imagebatch_operator.harvest import Harvest, harvest
from imagebatch_operator.lifecycle import Stop
from imagebatch_operator.spool import OutcomeSpool, SlotTable

urls = st.integers(0, 12).map(lambda n: f"http://a/{n}")
tables = st.lists(st.lists(urls, min_size=1, max_size=5), min_size=1, max_size=15)
fates = st.lists(st.sampled_from(["done", "failed", "unfinished"]), min_size=13, max_size=13)


def merged(scene: Scene, stop: Stop, folder: Path) -> tuple[list[tuple[int, int, Outcome]], Harvest]:
    slots = SlotTable(map(len, scene.url_lists))
    with closing(OutcomeSpool(folder / "spool")) as spool:
        found = harvest(scene.store, scene.request_id, stop, spool, slots)
        return [(row, position, spool.get(image)) for row, position, image in slots], found


def outcome_of(image: Image, fate: str) -> Outcome:
    return succeeded(image) if fate == "done" else failed(image)


@given(tables, fates, st.integers(1, 5), st.sets(st.integers(0, 12)))
def test_harvest_of_any_batch_equals_the_naive_merge(
    url_lists: list[list[str]], fates: list[str], per_shard: int, with_results: set[int]
) -> None:
    scene = make_scene(MemoryBlobStore(), url_lists, spec=BatchSpec(images_per_shard=per_shard))
    expected: dict[str, str | None] = {}
    for shard in scene.plan.shards:
        images = scene.shard_images(shard.index)
        ended = [(image, fates[image.index]) for image in images]
        if shard.index in with_results:
            ended = [(image, "failed" if fate == "unfinished" else fate) for image, fate in ended]
            scene.finish_shard(shard.index, [outcome_of(*each) for each in ended])
        else:
            known = [outcome_of(image, fate) for image, fate in ended if fate != "unfinished"]
            scene.write_part(shard.index, known[::2], part=0)
            scene.write_part(shard.index, known[1::2] + known[:1], part=1)
        for image, fate in ended:
            expected[image.url] = {"done": None, "failed": "http_404", "unfinished": "shard_failed"}[fate]
    with tempfile.TemporaryDirectory() as folder:
        slots, found = merged(scene, Stop(), Path(folder))
    naive = [(row, at, url) for row, urls in enumerate(url_lists) for at, url in enumerate(urls)]
    assert [(row, at, outcome.url) for row, at, outcome in slots] == naive
    assert [outcome.code for _, _, outcome in slots] == [expected[url] for _, _, url in naive]
    counts = found.progress.counts
    assert (counts.total, counts.pending) == (len(naive), 0)
    assert counts.failed == sum(expected[url] is not None for _, _, url in naive)
    assert sum(found.codes.values()) == len(naive)


def test_append_to_a_spool_of_the_wrong_image_is_refused(tmp_path: Path) -> None:
    with closing(OutcomeSpool(tmp_path / "spool")) as spool:
        spool.append(Outcome(0, "u", 1))
        with pytest.raises(ValueError, match="1 is next"):
            spool.append(Outcome(2, "u", 1))
        with pytest.raises(IndexError):
            spool.get(1)


@pytest.mark.parametrize("slot", [(2, 0), (0, 1), (-1, 0), (1, -1)])
def test_fill_of_a_slot_that_is_not_there_is_refused(slot: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no slot"):
        SlotTable([1, 2]).fill(0, [slot])


def test_row_of_a_slot_table_with_a_gap_is_refused() -> None:
    table = SlotTable([1, 2])
    table.fill(0, [(0, 0), (1, 1)])
    assert list(table.row(0)) == [0]
    with pytest.raises(ValueError, match="row 1"):
        table.row(1)
