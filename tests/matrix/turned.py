"""One picture stored in each of the eight EXIF orientations, in every format that can say which it is."""

from __future__ import annotations

from functools import partial

from support.pictures import exif
from support.quadrants import STORED_AS

from imagebatch_processor.policy import ImageFormat
from matrix.avifs_and_webps import CHROMA
from matrix.inputs import Input
from matrix.scene import colours, cover, pillow, saved, with_alpha

_OPTIONS: dict[str, dict[str, object]] = {
    "JPEG": {"quality": 95}, "PNG": {}, "WEBP": {"quality": 95}, "AVIF": {"quality": 90}, "TIFF": {},
}  # fmt: skip


def inputs() -> list[Input]:
    """Return the turned inputs; those of PNG have alpha too."""
    return [
        Input(
            f"{kind.lower()}-turned-{orientation}",
            partial(_stored, kind, orientation),
            ImageFormat.JPEG if kind == "TIFF" else ImageFormat(kind),
            alpha=kind == "PNG",
            allowance=1.5 if kind == "AVIF" else 0.0,
            why=CHROMA if kind == "AVIF" else "",
        )
        for kind in _OPTIONS
        for orientation in STORED_AS
    ]


def _stored(kind: str, orientation: int) -> bytes:
    picture = pillow(with_alpha(colours(), cover()) if kind == "PNG" else colours())
    turn = STORED_AS[orientation]
    turned = picture if turn is None else picture.transpose(turn)
    if kind == "TIFF":
        return saved(turned, kind, tiffinfo={0x0112: orientation})
    return saved(turned, kind, exif=exif(orientation), **_OPTIONS[kind])
