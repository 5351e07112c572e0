"""The sample pictures are what the catalogue says, the same at every run, and the sample CSVs name them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from imagebatch.model.csvrows import CsvLimits, parse
from imagebatch_embedded.demo import pictures
from imagebatch_embedded.demo.catalogue import PRODUCTS, products_csv, samples
from imagebatch_embedded.demo.picture_server import SAMPLES_PORT

SMALL = [
    "logo-small.png",
    "logo-palette.png",
    "rug-thumbnail.jpg",
    "size-chart.gif",
    "vase-lossless.webp",
    "turning.gif",
]
DOCS_CSV = Path(__file__).resolve().parents[3] / "docs" / "samples" / "products.csv"


@pytest.mark.parametrize("name", [*SMALL, "turning.gif", "lamp-portrait.jpg", "print-cmyk.jpg"])
def test_sample_when_made_is_what_must_come_out(name):
    sample = samples()[name]
    assert sample.make is not None
    assert pictures.look(sample.make()) == sample.look


@pytest.mark.parametrize("name", SMALL)
def test_sample_when_made_twice_is_the_same_file(name):
    first, second = samples()[name].make, samples()[name].make
    assert first is not None
    assert second is not None
    assert first() == second()


def test_look_when_it_is_no_picture_raises_oserror():
    page = samples()["mirror-sign-in.jpg"].make
    assert page is not None
    with pytest.raises(OSError, match="cannot identify"):
        pictures.look(page())


def test_products_when_counted_hold_every_sample_and_one_twice():
    named = [name for names in PRODUCTS.values() for name in names]
    assert set(named) == set(samples())
    assert len(named) == len(set(named)) + 1
    assert 30 <= len(samples()) <= 35


def test_products_csv_when_parsed_breaks_no_rule():
    table = parse(products_csv("http://127.0.0.1:1234"), CsvLimits())
    assert len(table.rows) == len(PRODUCTS)


def test_documented_csv_when_read_names_samples_at_the_documented_port():
    with DOCS_CSV.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["S. No.", "Product Name", "Input Image Urls"]
    urls = [url.strip() for row in rows for url in row[2].split(",")]
    assert len(urls) == 8
    start = f"http://127.0.0.1:{SAMPLES_PORT}/"
    assert [url for url in urls if not url.startswith(start) or url.removeprefix(start) not in samples()] == []
