"""The sample products: their pictures, of the kinds that real lists hold, and what must become of each.

`demo` runs all of them; docs/samples/products.csv names a few, served by `imagebatch dev --samples`.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from imagebatch_embedded.demo import pictures
from imagebatch_embedded.demo.pictures import Look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PAGE = b"<!doctype html><title>Sign in</title><p>The picture that was here needs an account.</p>"
HEADER = ("S. No.", "Product Name", "Input Image Urls")


@dataclass(frozen=True, slots=True)
class Sample:
    """One address of the sample server. `make` None: nothing is there. `look` is the output's, None: refused."""

    name: str
    make: Callable[[], bytes] | None
    look: Look | None
    code: str | None = None


def samples() -> dict[str, Sample]:
    """Return every sample by its name; no picture is made yet."""
    every = (*_photos(), *_others(), *_refused())
    return {sample.name: sample for sample in every}


# Names of samples by product; a picture is used twice, as catalogues do.
PRODUCTS: dict[str, tuple[str, ...]] = {
    "Oak chair": ("chair-front.jpg", "chair-side.jpg", "chair-back.jpg", "chair-detail.jpg"),
    "Walnut table": ("table-large.jpg", "table.jpg", "chair-front.jpg"),
    "Desk lamp": ("lamp-portrait.jpg", "lamp-upside-down.jpg", "lamp-other-portrait.jpg"),
    "Wool rug, 2 × 3 m": ("rug.jpg", "rug-corner.jpg", "rug-thumbnail.jpg"),
    "Brand logo": ("logo.png", "logo-small.png", "logo-palette.png"),
    "Size chart": ("size-chart.png", "size-chart.gif"),
    "Glass vase": ("vase.webp", "vase-cut-out.webp", "vase-lossless.webp"),
    "Black and white print": ("print-grey.jpg", "print-cmyk.jpg"),
    "Turntable": ("turning.gif", "turntable-progressive.jpg", "turntable-half-size.jpg"),
    "Scanner exports": ("scan.bmp", "scan.tif"),
    "Bookshelf": ("shelf.jpg", "shelf-gone.jpg", "shelf-detail.jpg"),
    "Mirror": ("mirror.jpg", "mirror-sign-in.jpg"),
}


def products_csv(server_url: str) -> bytes:
    """Return the CSV of all sample products, their pictures at `server_url`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEADER)
    for number, (product, names) in enumerate(PRODUCTS.items(), 1):
        writer.writerow([number, product, _joined(f"{server_url}/{name}" for name in names)])
    return text.getvalue().encode()


def _joined(urls: Iterable[str]) -> str:
    return ", ".join(urls)


def _photo(name: str, width: int, height: int, seed: int, quality: int = 92) -> Sample:
    def make() -> bytes:
        return pictures.encode(pictures.photo(width, height, seed), "JPEG", quality=quality)

    return Sample(name, make, _jpeg_look(width, height))


def _jpeg_look(width: int, height: int) -> Look:
    return Look("JPEG", width, height, has_alpha=False, frames=1)


def _photos() -> list[Sample]:
    return [
        _photo("chair-front.jpg", 1600, 1200, 1),
        _photo("chair-side.jpg", 1600, 1200, 2),
        _photo("chair-back.jpg", 1200, 1600, 3),
        _photo("chair-detail.jpg", 800, 600, 4, quality=85),
        _photo("table-large.jpg", 4032, 3024, 5),
        _photo("table.jpg", 2048, 1365, 6),
        _photo("rug.jpg", 3000, 2000, 7),
        _photo("rug-corner.jpg", 1024, 768, 8),
        _photo("rug-thumbnail.jpg", 160, 107, 9, quality=90),
        _photo("turntable-half-size.jpg", 960, 540, 10),
        _photo("shelf.jpg", 1280, 1920, 11),
        _photo("shelf-detail.jpg", 640, 480, 12, quality=80),
        _photo("mirror.jpg", 1500, 1500, 13),
        *_turned_photos(),
        *_special_photos(),
    ]


def _turned_photos() -> list[Sample]:
    """Return photos whose EXIF says how to turn them, as phones write them; they come out upright."""
    forms = (
        ("lamp-portrait.jpg", 6, (1200, 1600)),
        ("lamp-upside-down.jpg", 3, (1600, 1200)),
        ("lamp-other-portrait.jpg", 8, (1200, 1600)),
    )
    found = []
    for seed, (name, orientation, (width, height)) in enumerate(forms, 20):
        make = partial(_turned, orientation, seed)
        found.append(Sample(name, make, _jpeg_look(width, height)))
    return found


def _turned(orientation: int, seed: int) -> bytes:
    return pictures.encode(pictures.photo(1600, 1200, seed), "JPEG", quality=92, orientation=orientation)


def _special_photos() -> list[Sample]:
    def grey() -> bytes:
        return pictures.encode(pictures.photo(1200, 900, 30).convert("L"), "JPEG", quality=92)

    def cmyk() -> bytes:
        return pictures.encode(pictures.photo(1200, 900, 31).convert("CMYK"), "JPEG", quality=92)

    def progressive() -> bytes:
        return pictures.encode(pictures.photo(1920, 1080, 32), "JPEG", quality=90, progressive=True)

    return [
        Sample("print-grey.jpg", grey, _jpeg_look(1200, 900)),
        Sample("print-cmyk.jpg", cmyk, _jpeg_look(1200, 900)),
        Sample("turntable-progressive.jpg", progressive, _jpeg_look(1920, 1080)),
    ]


def _others() -> list[Sample]:
    """Return the pictures of all other formats."""
    return [*_pngs(), *_webps(), *_old_formats()]


def _pngs() -> list[Sample]:
    def palette() -> bytes:
        return pictures.encode(pictures.cut_out(300, 300, 42).quantize(64), "PNG")

    return [
        Sample("logo.png", lambda: pictures.encode(pictures.cut_out(800, 800, 40), "PNG"), _png_look(800, 800)),
        Sample("logo-small.png", lambda: pictures.encode(pictures.cut_out(120, 120, 41), "PNG"), _png_look(120, 120)),
        Sample("logo-palette.png", palette, _png_look(300, 300)),
        Sample(
            "size-chart.png",
            lambda: pictures.encode(pictures.drawing(900, 600, 43), "PNG"),
            Look("PNG", 900, 600, has_alpha=False, frames=1),
        ),
    ]


def _png_look(width: int, height: int) -> Look:
    return Look("PNG", width, height, has_alpha=True, frames=1)


def _webps() -> list[Sample]:
    def lossy() -> bytes:
        return pictures.encode(pictures.photo(1400, 1050, 50), "WEBP", quality=90)

    def transparent() -> bytes:
        return pictures.encode(pictures.cut_out(700, 700, 51), "WEBP", quality=90)

    def lossless() -> bytes:
        return pictures.encode(pictures.drawing(600, 400, 52), "WEBP", lossless=True)

    return [
        Sample("vase.webp", lossy, Look("WEBP", 1400, 1050, has_alpha=False, frames=1)),
        Sample("vase-cut-out.webp", transparent, Look("WEBP", 700, 700, has_alpha=True, frames=1)),
        Sample("vase-lossless.webp", lossless, Look("WEBP", 600, 400, has_alpha=False, frames=1)),
    ]


def _old_formats() -> list[Sample]:
    """Return GIF, which stays GIF, and BMP and TIFF, which become JPEG."""

    def chart() -> bytes:
        return pictures.encode(pictures.drawing(500, 400, 60).quantize(32), "GIF")

    return [
        Sample("size-chart.gif", chart, Look("GIF", 500, 400, has_alpha=False, frames=1)),
        Sample(
            "turning.gif",
            lambda: pictures.animation(320, 240, 61),
            Look("GIF", 320, 240, has_alpha=False, frames=8),
        ),
        Sample("scan.bmp", lambda: pictures.encode(pictures.photo(800, 600, 62), "BMP"), _jpeg_look(800, 600)),
        Sample("scan.tif", lambda: pictures.encode(pictures.photo(640, 480, 63), "TIFF"), _jpeg_look(640, 480)),
    ]


def _refused() -> list[Sample]:
    return [
        Sample("shelf-gone.jpg", None, None, "http_404"),
        Sample("mirror-sign-in.jpg", lambda: PAGE, None, "not_an_image"),
    ]
