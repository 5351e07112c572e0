"""The plan: each URL once in the order of first use, every slot kept, the same after being written and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagebatch.model.batch import BatchSpec, OutputFormat, OutputOptions
from imagebatch.model.plan import Image, Plan, distinct_images, make_plan, read_images

REQUEST = "11111111-1111-4111-8111-111111111111"
url_lists = st.lists(st.lists(st.sampled_from([f"https://a.example/{n}" for n in range(12)]), max_size=6), max_size=30)


@given(url_lists)
def test_distinct_images_name_every_slot_once(lists: list[list[str]]):
    images = list(distinct_images(lists))
    named = {slot: image.url for image in images for slot in image.slots}
    assert named == {(row, position): url for row, urls in enumerate(lists) for position, url in enumerate(urls)}
    assert sum(len(image.slots) for image in images) == len(named)


@given(url_lists)
def test_distinct_images_come_in_the_order_of_first_use(lists: list[list[str]]):
    firsts = [image.slots[0] for image in distinct_images(lists)]
    assert firsts == sorted(firsts)


def test_image_line_when_read_is_the_same():
    image = Image(3, "https://a.example/ü,1.jpg?x=\u2028", ((0, 1), (7, 0)))
    assert Image.from_line(image.to_line()) == image
    assert image.to_line().count(b"\n") == 1


@given(url_lists.filter(any))
def test_every_shard_reads_its_own_images(lists: list[list[str]]):
    images = list(distinct_images(lists))
    lines = [image.to_line() for image in images]
    plan = make_plan(REQUEST, lines, len(images), BatchSpec(images_per_shard=3))
    data = b"".join(lines)
    read = [list(read_images(data[s.offset : s.offset + s.length])) for s in plan.shards]
    assert [image for shard in read for image in shard] == images
    assert all(shard[0].index == s.first for shard, s in zip(read, plan.shards, strict=True))


def test_plan_when_written_and_read_is_the_same():
    images = list(distinct_images([["https://a.example/1"], ["https://a.example/2"]]))
    spec = BatchSpec(output=OutputOptions(format=OutputFormat.WEBP, quality=40, max_width=800))
    plan = make_plan(REQUEST, [image.to_line() for image in images], 2, spec)
    assert Plan.from_json(plan.to_json()) == plan


def test_plan_of_another_version_is_refused():
    with pytest.raises(ValueError, match="version"):
        Plan.from_json(b'{"version": 2}')
