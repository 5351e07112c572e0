"""What kind of file the first bytes say it is, without decoding or starting anything. Called by the codec."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from imagebatch.model.errors import ImageRejected
from imagebatch_processor import jpeg_markers
from imagebatch_processor.policy import ImageFormat

if TYPE_CHECKING:
    from collections.abc import Callable

_ALLOWED: tuple[tuple[bytes, ImageFormat], ...] = (
    (b"\xff\xd8\xff", ImageFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", ImageFormat.PNG),
    (b"GIF87a", ImageFormat.GIF),
    (b"GIF89a", ImageFormat.GIF),
    (b"II*\0", ImageFormat.TIFF),
    (b"MM\0*", ImageFormat.TIFF),
    (b"II+\0", ImageFormat.TIFF),
    (b"MM\0+", ImageFormat.TIFF),
)
# Pictures, videos and documents that people do put into such lists, and that are not read here.
_REFUSED: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "PDF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "EPS"),
    (b"8BPS", "Photoshop"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"II\xbc", "JPEG XR"),
    (b"\x8aMNG", "MNG"),
    (b"\x8bJNG", "JNG"),
    (b"\0\0\x01\0", "icon"),
    (b"\0\0\x02\0", "cursor"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"DDS ", "DirectDraw surface"),
    (b"icns", "Apple icon"),
    (b"gimp xcf", "GIMP"),
    (b"\xd7\xcd\xc6\x9a", "Windows metafile"),
    (b"AT&TFORM", "DjVu"),
    (b"SIMPLE  =", "FITS"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"qoif", "QOI"),
    (b"\x1f\x8b", "gzip (or SVGZ)"),
    (b"FUJIFILMCCD-RAW", "Fujifilm raw"),
    (b"IIRO", "Olympus raw"),
    (b"IIRS", "Olympus raw"),
    (b"MMOR", "Olympus raw"),
    (b"IIU\0", "Panasonic raw"),
    (b"II\x1a\0\0\0HEAPCCDR", "Canon raw"),
    (b"FOVb", "Sigma raw"),
    (b"\0MRM", "Minolta raw"),
    (b"\x1aE\xdf\xa3", "WebM and Matroska video"),
    (b"FLV\x01", "Flash video"),
    (b"OggS", "Ogg video"),
    (b"\0\0\x01\xba", "MPEG video"),
)
# What is packed or merely text says itself what went wrong on its way here.
_NO_PICTURE: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"version https://git-lfs", "a pointer of Git LFS: the picture itself was never uploaded"),
    (b"data:image/", "the text of a data URL"),
)
_SNIFFED_BYTES = 1024
_HTML = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|script|title|meta)\b", re.DOTALL | re.IGNORECASE
)
_BMP_HEADER_BYTES = frozenset((12, 16, 40, 52, 56, 64, 108, 124))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"))
_HEIF_BRANDS = frozenset((b"mif1", b"mif2", b"msf1", b"miaf"))
# Nothing that was matched is tried in another way (?> *+): a page of comments would take for ever.
_SVG = re.compile(rb"^(?:\xef\xbb\xbf)?(?>\s|<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE svg[^>]*>)*+<svg[\s/>]", re.DOTALL)
_NETPBM = re.compile(rb"^P[1-7][\s#]")


def image_format(data: bytes) -> ImageFormat:
    """Return the allowed format of a file; otherwise raise `unsupported_format` or `not_an_image`."""
    for magic, allowed in _ALLOWED:
        if data.startswith(magic):
            if data[12:16] == b"CgBI":
                raise ImageRejected("unsupported_format", "PNGs packed for iOS (CgBI) are not read")
            return allowed
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return ImageFormat.WEBP
    if data.startswith(b"BM") and (len(data) < 18 or int.from_bytes(data[14:18], "little") in _BMP_HEADER_BYTES):
        return ImageFormat.BMP
    if data[4:8] == b"ftyp":
        return _iso_media_format(data)
    if name := _refused_name(data):
        raise ImageRejected("unsupported_format", f"{name} files are not read")
    raise ImageRejected("not_an_image", f"the file is {_what_else(data)}")


def _what_else(data: bytes) -> str:
    """Return in words what a file is that is no picture, as far as its beginning tells."""
    head = data[:_SNIFFED_BYTES].removeprefix(b"\xef\xbb\xbf")
    if not head:
        return "empty"
    for magic, words in _NO_PICTURE:
        if head.startswith(magic):
            return words
    if _HTML.match(head):
        return "a web page (HTML), no picture"
    if head.lstrip().startswith((b"{", b"[")):
        return "JSON, no picture"
    if head.lstrip().startswith(b"<"):
        return "XML or HTML, no picture"
    return "text, no picture" if head.isascii() and b"\0" not in head else "no picture"


def _iso_media_format(data: bytes) -> ImageFormat:
    """Tell AVIF, HEIC and video apart by their brands (ISO/IEC 23008-12 and 23000-22): the major one first.

    The structural brands, such as `mif1`, name no codec; a file that has only those is HEIF, which HEIC's reader tries.
    """
    brands_end = min(int.from_bytes(data[:4], "big"), 256)
    brands = [data[i : i + 4] for i in (8, *range(16, brands_end, 4))]
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return ImageFormat.AVIF
        if brand in _HEIC_BRANDS:
            return ImageFormat.HEIC
    if not _HEIF_BRANDS.isdisjoint(brands):
        return ImageFormat.HEIC
    kind = "Canon CR3 raw" if brands[0] == b"crx " else "video and other ISO media"
    raise ImageRejected("unsupported_format", f"{kind} files are not read")


def _refused_name(data: bytes) -> str | None:
    """Return the name of a recognisable format that is not read."""
    head = data[:_SNIFFED_BYTES]
    if _SVG.match(head):
        return "SVG"
    if _NETPBM.match(head):
        return "Netpbm"
    if head.startswith(b"RIFF") and head[8:12] in (b"AVI ", b"ACON"):
        return "AVI video and animated cursor"
    if head.startswith(b"BA") and head[14:16] == b"BM":
        return "OS/2 bitmap array"
    if head[128:132] == b"DICM":
        return "DICOM"
    return next((name for magic, name in _REFUSED if head.startswith(magic)), None)


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Return a WebP file's canvas (pixels) by RFC 9649; its decoder allocates this when it is made."""
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(data) >= 30:
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    return None


def _iso_media_is_cut(data: bytes) -> bool:
    """Follow the top-level boxes: the last one must end within the file."""
    position = 0
    while position + 8 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if size < 8:
            return size != 0
        position += size
    return position != len(data)


_IS_CUT: dict[ImageFormat, Callable[[bytes], bool]] = {
    ImageFormat.JPEG: lambda data: not jpeg_markers.has_end(data),
    ImageFormat.PNG: lambda data: b"IEND" not in data[-65536:],
    ImageFormat.GIF: lambda data: b";" not in data[-16:],
    ImageFormat.WEBP: lambda data: int.from_bytes(data[4:8], "little") + 8 > len(data),
    ImageFormat.BMP: lambda data: len(data) < 26 or int.from_bytes(data[2:6], "little") > len(data),
    ImageFormat.TIFF: lambda data: not 8 <= _first_directory(data) < len(data),
    ImageFormat.AVIF: _iso_media_is_cut,
    ImageFormat.HEIC: _iso_media_is_cut,
}


def _byte_order(data: bytes) -> Literal["little", "big"]:
    return "little" if data.startswith(b"II") else "big"


def _first_directory(data: bytes) -> int:
    """Return where a TIFF's first directory is; in a BigTIFF the offset is longer and comes later."""
    return int.from_bytes(data[8:16] if b"+" in data[2:4] else data[4:8], _byte_order(data))


def is_cut(data: bytes, file_format: ImageFormat) -> bool:
    """Return whether the file's end is missing by its own account; asked only once decoding has failed."""
    return _IS_CUT[file_format](data)
