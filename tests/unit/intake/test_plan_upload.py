from __future__ import annotations

import pytest

from imagebatch.intake import plan_upload, product_rows
from imagebatch.model.batch import BatchSpec, OutputOptions
from imagebatch.model.csvrows import CsvLimits
from imagebatch.model.errors import InvalidRequest, TooLarge
from imagebatch.model.plan import read_images

CSV = b"""S. No.,Product Name,Input Image Urls
1,Lamp,"https://a.example/1.jpg,https://a.example/2.jpg"
2,Chair,"https://a.example/2.jpg,https://a.example/2.jpg"
"""


def test_a_url_used_thrice_when_planned_is_one_image_with_three_slots() -> None:
    planned = plan_upload(CSV, BatchSpec(), CsvLimits())

    images = list(read_images(b"".join(planned.image_lines)))
    assert [(image.index, image.url, image.slots) for image in images] == [
        (0, "https://a.example/1.jpg", ((0, 0),)),
        (1, "https://a.example/2.jpg", ((0, 1), (1, 0), (1, 1))),
    ]
    assert (planned.plan.images, planned.plan.slots) == (2, 4)


def test_shards_of_a_plan_when_read_as_byte_ranges_hold_every_image_once() -> None:
    rows = b"".join(b"%d,Thing,https://a.example/%d.jpg\n" % (n, n) for n in range(1, 101))
    planned = plan_upload(CSV.splitlines(keepends=True)[0] + rows, BatchSpec(images_per_shard=7), CsvLimits())

    whole = b"".join(planned.image_lines)
    read = [list(read_images(whole[s.offset : s.offset + s.length])) for s in planned.plan.shards]
    assert [image.index for shard in read for image in shard] == list(range(100))
    assert max(map(len, read)) == 7


def test_output_options_of_the_spec_when_planned_are_in_the_plan() -> None:
    output = OutputOptions(quality=70, max_width=800)

    assert plan_upload(CSV, BatchSpec(output=output), CsvLimits()).plan.output == output


def test_rows_of_the_csv_when_planned_become_products_in_order() -> None:
    rows = list(product_rows(plan_upload(CSV, BatchSpec(), CsvLimits()).table))

    assert [(row.row_number, row.serial_number, row.product_name) for row in rows] == [
        (0, "1", "Lamp"),
        (1, "2", "Chair"),
    ]
    assert list(rows[0].image_urls) == ["https://a.example/1.jpg", "https://a.example/2.jpg"]


def test_an_invalid_csv_when_planned_names_every_bad_row() -> None:
    bad = b"S. No.,Product Name,Input Image Urls\nx,Lamp,https://a.example/1.jpg\n2,,https://a.example/1.jpg\n"

    with pytest.raises(InvalidRequest) as caught:
        plan_upload(bad, BatchSpec(), CsvLimits())

    assert [violation.line for violation in caught.value.violations] == [2, 3]


def test_a_csv_over_the_limit_when_planned_is_too_large() -> None:
    with pytest.raises(TooLarge):
        plan_upload(CSV, BatchSpec(), CsvLimits(max_bytes=10))
