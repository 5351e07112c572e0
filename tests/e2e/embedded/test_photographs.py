"""Real photographs in several sizes: each output decodes, keeps its display size and is the same picture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageOps
from skimage.metrics import structural_similarity
from sklearn.datasets import load_sample_image
from support import pictures
from support.service import csv_of

if TYPE_CHECKING:
    from support.image_server import ImageServer
    from support.service import Service

# Structural similarity (Wang et al., 2004) of luma; 1 is the same picture. JPEG at quality 50 is what is asked for.
LEAST_SSIM = 0.85
SIZES = [(320, 214), (640, 427), (1280, 854), (2560, 1708)]
FORMATS = ["JPEG", "PNG", "WEBP"]


def photograph(name: str, size: tuple[int, int]) -> Image.Image:
    return Image.fromarray(load_sample_image(f"{name}.jpg")).resize(size, Image.Resampling.LANCZOS)


def similarity(before: Image.Image, after: Image.Image) -> float:
    return float(structural_similarity(np.asarray(before.convert("L")), np.asarray(after.convert("L"))))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", ["china", "flower"])
def test_photograph_in_every_size_comes_out_the_same_picture(
    service: Service, image_source: ImageServer, name: str, kind: str, record_property: pytest.RecordProperty
):
    originals = [photograph(name, size) for size in SIZES]
    urls = [
        image_source.add(f"/{name}-{n}.{kind.lower()}", pictures.encode(original, kind, quality=95))
        for n, original in enumerate(originals)
    ]
    (outputs,) = service.outputs(service.finish(service.upload(csv_of([urls])), 120))
    for original, url in zip(originals, outputs, strict=True):
        after = Image.open(io.BytesIO(service.get(url).content))
        assert after.format == kind
        assert after.size == original.size
        ssim = similarity(original, after)
        record_property(f"ssim {name} {original.size[0]}px {kind}", round(ssim, 3))
        assert ssim >= LEAST_SSIM


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photograph_turned_by_exif_comes_out_as_it_was_meant_to_look(
    service: Service, image_source: ImageServer, orientation: int
):
    stored = photograph("china", (640, 427))
    file = pictures.encode(stored, "JPEG", quality=95, exif=pictures.exif(orientation))
    ((url,),) = service.outputs(service.finish(service.upload(csv_of([[image_source.add("/turned.jpg", file)]]))))
    meant = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
    after = Image.open(io.BytesIO(service.get(url).content))
    assert after.size == meant.size
    assert similarity(meant, after) >= LEAST_SSIM
