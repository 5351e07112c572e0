"""What a picture carries besides pixels: orientation, resolution, and the EXIF and XMP that `Keep` keeps.

GPS positions, thumbnails and maker notes (whose offsets break, and which hold previews) are never carried on.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import ExifTags, Image

from imagebatch_processor.policy import ImageFormat

if TYPE_CHECKING:
    from collections.abc import Mapping

_JPEG_SEGMENT_BYTES = 65_000  # below what a JPEG segment holds with its header (ITU-T T.81 B.1.1.4)
_BROKEN_EXIF = (
    SyntaxError, ValueError, LookupError, TypeError, ArithmeticError, AttributeError, OSError, struct.error,
)  # fmt: skip
_GPS, _THUMBNAIL = ExifTags.IFD.GPSInfo, ExifTags.IFD.IFD1
# Other metadata packed into a tag, with positions and thumbnails of its own: XMP, IPTC, Photoshop's.
_PACKED_TAGS = (700, 33723, 34377)
# Names of XMP that tell a position: exif:GPSLatitude, drone-dji:GpsLongtitude, drone-skydio:Latitude. No pattern here
# goes back over what it has matched or reads on past the next tag: a packet made for it would take for ever.
_PLACE = rb"(?i:\w*?(?:gps|latitude|longt?itude)\w*+)"
_PRIVATE_XMP = (
    re.compile(rb"\s[\w.-]++:" + _PLACE + rb"""\s*+=\s*+(?:"[^"]*+"|'[^']*+')"""),
    re.compile(rb"<([\w.-]++:" + _PLACE + rb")[^<>]*+(?:(?<=/)>|>[^<]*+</\1\s*+>)"),
    re.compile(
        rb"<([\w.-]++:Thumbnails)\b[^<>]*+(?:(?<=/)>|>(?:[^<]++|<(?!/?[\w.-]++:Thumbnails\b))*+</\1\s*+>)",
    ),
)
_STILL_PRIVATE = re.compile(rb"[<:](?:" + _PLACE + rb"|Thumbnails\b)|<!|\0")
_XMP_ORIENTATION = (
    re.compile(rb'(\s[\w.-]++:Orientation\s*+=\s*+["\'])\s*+[2-8]\s*+(["\'])'),
    re.compile(rb"(<[\w.-]++:Orientation(?:\s[^<>]*+)?+>)\s*+[2-8]\s*+(<)"),
)
# What each format's blocks of EXIF and XMP begin with; in an AVIF, what its list of items says of them.
_BLOCK_STARTS = {
    ImageFormat.JPEG: (b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"),
    ImageFormat.PNG: (b"eXIf", b"XML:com.adobe.xmp\0"),
    ImageFormat.WEBP: (b"EXIF", b"XMP "),
    ImageFormat.AVIF: (b"\0\0Exif", b"application/rdf+xml\0"),
}
# What a TIFF's own tags say about the picture and not about the file (TIFF 6.0, sections 8 and 12).
_DESCRIPTIVE_TAGS = (
    ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Software,
    ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.Copyright,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Carried:
    """EXIF and XMP as they may be written again; `changed` if something private is in those of the file."""

    exif: bytes = b""
    xmp: bytes = b""
    changed: bool = False


def read_exif(info: Mapping[str | tuple[int, int], Any]) -> Image.Exif:
    """Return the EXIF block of a loaded picture; a broken one counts as none, as it does in browsers."""
    exif = Image.Exif()
    try:
        exif.load(info.get("exif", b""))
    except _BROKEN_EXIF:
        return Image.Exif()
    return exif


def tiff_exif(image: Image.Image) -> bytes:
    """Return as an EXIF block what a TIFF's tags say about the picture; empty where they are broken."""
    try:
        tags = image.getexif()
        described = Image.Exif()
        described.update({tag: tags[tag] for tag in _DESCRIPTIVE_TAGS if tag in tags})
        if details := tags.get_ifd(ExifTags.IFD.Exif):
            described.get_ifd(ExifTags.IFD.Exif).update(details)
        return described.tobytes()
    except _BROKEN_EXIF:
        return b""


def orientation(exif: Image.Exif) -> int:
    """Return the EXIF orientation 1-8 (CIPA DC-008, tag 0x0112); anything else is 1, upright."""
    value = exif.get(ExifTags.Base.Orientation, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def resolution(info: Mapping[str | tuple[int, int], Any], *, turned: bool) -> dict[str, tuple[float, float]]:
    """Return the `dpi` argument of `save`, axes exchanged where the picture was turned; empty if there is none."""
    try:
        x, y = (float(value) for value in info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return {}
    if not (1 <= x <= 65_535 and 1 <= y <= 65_535):
        return {}
    return {"dpi": (y, x) if turned else (x, y)}


def carried(
    info: Mapping[str | tuple[int, int], Any], data: bytes, file_format: ImageFormat, target: ImageFormat
) -> Carried:
    """Return what `Keep` keeps for a target format. Blocks too large for a JPEG segment are dropped."""
    exif, exif_changed = _clean_exif(info)
    xmp, xmp_changed = _clean_xmp(info.get("xmp", b""))
    if target is ImageFormat.JPEG:
        exif = exif if len(exif) <= _JPEG_SEGMENT_BYTES else b""
        xmp = xmp if len(xmp) <= _JPEG_SEGMENT_BYTES else b""
    return Carried(exif, xmp, exif_changed or xmp_changed or _has_unread_blocks(info, data, file_format))


def _has_unread_blocks(info: Mapping[str | tuple[int, int], Any], data: bytes, file_format: ImageFormat) -> bool:
    """Return whether the file holds a second EXIF or XMP, or one where it is not looked for: nobody cleaned that."""
    starts = _BLOCK_STARTS.get(file_format, ())
    return any(data.count(start) > (name in info) for name, start in zip(("exif", "xmp"), starts, strict=False))


def _clean_exif(info: Mapping[str | tuple[int, int], Any]) -> tuple[bytes, bool]:
    """Return the EXIF block without private parts and orientation, and whether private parts were there."""
    exif = read_exif(info)
    try:
        details = exif.get_ifd(ExifTags.IFD.Exif)
        maker_note = details.pop(ExifTags.Base.MakerNote, None)
        private = maker_note is not None or bool(exif.get_ifd(_THUMBNAIL))
        private = private or any(tag in exif for tag in (_GPS, *_PACKED_TAGS))
        clean = Image.Exif()
        clean.update({tag: value for tag, value in exif.items() if not _is_replaced(tag)})
        if details:
            clean.get_ifd(ExifTags.IFD.Exif).update(details)
        return (clean.tobytes() if clean or details else b""), private
    except _BROKEN_EXIF:
        return b"", True


def _is_replaced(tag: int) -> bool:
    return tag in (ExifTags.Base.Orientation, ExifTags.IFD.Exif, _GPS, *_PACKED_TAGS)


def _clean_xmp(packet: bytes | str) -> tuple[bytes, bool]:
    """Return the XMP packet without GPS and thumbnails, and upright; dropped where this cannot be made sure."""
    xmp = packet.encode() if isinstance(packet, str) else bytes(packet)
    clean = xmp
    for pattern in _PRIVATE_XMP:
        clean = pattern.sub(b"", clean)
    for pattern in _XMP_ORIENTATION:
        clean = pattern.sub(rb"\g<1>1\g<2>", clean)
    if _STILL_PRIVATE.search(clean):
        clean = b""
    return clean, clean != xmp
