"""The sound files that are mutated: small pictures of every format, and of each kind that decodes in its own way."""

from __future__ import annotations

import io
import re
from functools import cache
from typing import TYPE_CHECKING

from PIL import Image, PngImagePlugin
from support.kept_pictures import kept_picture
from support.pictures import encode, exif, photo, photo_with_alpha, srgb_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH, HEIGHT = 120, 90
TIFF_COMPRESSIONS = ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd", "lzma")
TIMES_OF_AVIF = re.compile(rb"((?:mvhd|tkhd|mdhd)\x01...).{16}", re.DOTALL)  # a sequence says when it was made
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta>'


@cache
def seeds() -> dict[str, bytes]:
    """Return the files by name; what stands before the first blank is the format."""
    return dict([*_jpeg(), *_png(), *_webp(), *_gif(), *_bmp(), *_tiff(), *_avif(), *_heic()])


def format_of(name: str) -> str:
    """Return the format that a seed's name begins with."""
    return name.partition(" ")[0]


def _frames(mode: str = "RGB", count: int = 4) -> list[Image.Image]:
    return [photo_with_alpha(WIDTH, HEIGHT, n).convert(mode) for n in range(count)]


def _animated(kind: str, mode: str = "RGB", **options: object) -> bytes:
    first, *rest = _frames(mode)
    return encode(first, kind, save_all=True, append_images=rest, duration=40, **options)


def _jpeg() -> Iterator[tuple[str, bytes]]:
    colour = photo(WIDTH, HEIGHT)
    everything = {"exif": exif(6), "icc_profile": srgb_profile(), "xmp": XMP, "comment": b"a comment"}
    yield "JPEG baseline", encode(colour, "JPEG", quality=90)
    yield "JPEG 4:4:4 with restarts", encode(colour, "JPEG", subsampling=0, restart_marker_rows=1)
    yield "JPEG progressive", encode(colour, "JPEG", progressive=True)
    yield "JPEG grayscale", encode(colour.convert("L"), "JPEG")
    yield "JPEG CMYK", encode(colour.convert("CMYK"), "JPEG")
    yield "JPEG with everything", encode(colour, "JPEG", **everything)  # type: ignore[arg-type]  # of several types
    for kind in ("arithmetic", "arithmetic-progressive", "odd-sampling", "restarts", "rgb", "ultra-hdr"):
        yield f"JPEG {kind}", kept_picture(f"{kind}.jpg")
    yield "JPEG of several pictures", encode(colour, "MPO", save_all=True, append_images=_frames()[1:2])


def _png() -> Iterator[tuple[str, bytes]]:
    colour, alpha = photo(WIDTH, HEIGHT), photo_with_alpha(WIDTH, HEIGHT)
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "text " * 50, zip=True)
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    for mode in ("1", "L", "RGB", "P"):
        yield f"PNG {mode}", encode(colour.convert(mode), "PNG")
    yield "PNG P of 4 colours", encode(colour.quantize(4), "PNG", bits=2)
    yield "PNG P with tRNS", encode(alpha.quantize(64), "PNG")
    yield "PNG LA", encode(alpha.convert("LA"), "PNG")
    yield "PNG RGBA", encode(alpha, "PNG")
    yield "PNG I;16", encode(colour.convert("L").convert("I;16"), "PNG")
    yield "PNG RGB with tRNS", encode(colour, "PNG", transparency=(30, 30, 120))
    profile = srgb_profile()
    yield "PNG with everything", encode(alpha, "PNG", pnginfo=text, exif=exif(3), icc_profile=profile, dpi=(96, 96))
    yield "PNG animated", _animated("PNG", "RGBA")


def _webp() -> Iterator[tuple[str, bytes]]:
    colour, alpha = photo(WIDTH, HEIGHT), photo_with_alpha(WIDTH, HEIGHT)
    yield "WEBP lossy", encode(colour, "WEBP")
    yield "WEBP lossy with alpha", encode(alpha, "WEBP")
    yield "WEBP lossless", encode(colour, "WEBP", lossless=True)
    yield "WEBP lossless with alpha", encode(alpha, "WEBP", lossless=True)
    yield "WEBP with everything", encode(colour, "WEBP", exif=exif(8), icc_profile=srgb_profile(), xmp=XMP)
    yield "WEBP animated", _animated("WEBP", "RGBA")


def _gif() -> Iterator[tuple[str, bytes]]:
    alpha = photo_with_alpha(WIDTH, HEIGHT)
    yield "GIF still", encode(photo(WIDTH, HEIGHT), "GIF", comment=b"a comment")
    yield "GIF interlaced and transparent", encode(alpha, "GIF", interlace=True)
    yield "GIF animated", _animated("GIF", loop=0)
    yield "GIF animated and transparent", _animated("GIF", "RGBA", disposal=2)


def _bmp() -> Iterator[tuple[str, bytes]]:
    colour = photo(WIDTH, HEIGHT)
    for mode in ("1", "L", "P", "RGB"):
        yield f"BMP {mode}", encode(colour.convert(mode), "BMP")
    yield "BMP RGBA", encode(photo_with_alpha(WIDTH, HEIGHT), "BMP")
    yield "BMP RLE", _run_length_bmp()


def _run_length_bmp() -> bytes:
    """Return an 8-bit BMP of run lengths (BI_RLE8), which Pillow reads and does not write."""
    rows = b"".join(bytes((WIDTH // 2, y, WIDTH // 2, 255 - y, 0, 0)) for y in range(HEIGHT)) + b"\0\1"
    palette = bytes(value for grey in range(256) for value in (grey, grey, grey, 0))
    sizes = [WIDTH.to_bytes(4, "little"), HEIGHT.to_bytes(4, "little"), b"\1\0\x08\0\1\0\0\0"]
    header = b"".join([(40).to_bytes(4, "little"), *sizes, len(rows).to_bytes(4, "little"), bytes(8), bytes(8)])
    start = 14 + len(header) + len(palette)
    size = (start + len(rows)).to_bytes(4, "little")
    return b"BM" + size + bytes(4) + start.to_bytes(4, "little") + header + palette + rows


def _tiff() -> Iterator[tuple[str, bytes]]:
    colour, alpha = photo(WIDTH, HEIGHT), photo_with_alpha(WIDTH, HEIGHT)
    yield "TIFF raw", encode(colour, "TIFF")
    yield "TIFF big", encode(colour, "TIFF", big_tiff=True)
    for compression in TIFF_COMPRESSIONS:
        yield f"TIFF {compression}", encode(colour, "TIFF", compression=compression)
    for compression in ("group3", "group4"):
        yield f"TIFF {compression}", encode(colour.convert("1"), "TIFF", compression=compression)
    yield "TIFF RGBA", encode(alpha, "TIFF", compression="tiff_lzw")
    yield "TIFF I;16", encode(colour.convert("L").convert("I;16"), "TIFF")
    yield "TIFF CMYK", encode(colour.convert("CMYK"), "TIFF")
    lab = colour.convert("LAB")
    del lab.info["icc_profile"]  # it says when it was made
    yield "TIFF LAB", encode(lab, "TIFF")
    yield "TIFF P", encode(colour.convert("P"), "TIFF")
    yield "TIFF of pages", _animated("TIFF", compression="tiff_lzw")


def _avif() -> Iterator[tuple[str, bytes]]:
    colour = photo(WIDTH, HEIGHT)
    yield "AVIF", encode(colour, "AVIF", speed=10)
    yield "AVIF with alpha", encode(photo_with_alpha(WIDTH, HEIGHT), "AVIF", speed=10)
    yield (
        "AVIF 4:4:4 with everything",
        encode(colour, "AVIF", speed=10, subsampling="4:4:4", exif=exif(6), icc_profile=srgb_profile(), xmp=XMP),
    )
    yield "AVIF animated", TIMES_OF_AVIF.sub(rb"\1" + bytes(16), _animated("AVIF", "RGBA", speed=10))


def _heic() -> Iterator[tuple[str, bytes]]:
    colour = photo(WIDTH, HEIGHT)
    yield "HEIC", encode(colour, "HEIC")
    yield "HEIC with alpha", encode(photo_with_alpha(WIDTH, HEIGHT), "HEIC")
    yield "HEIC with everything", encode(colour, "HEIC", exif=exif(6), icc_profile=srgb_profile(), xmp=XMP)
    yield "HEIC of tiles", kept_picture("tiles.heic")


def opened(data: bytes) -> tuple[str, tuple[int, int]]:
    """Return format and size of a file by its header, for a look at what came out."""
    with Image.open(io.BytesIO(data)) as image:
        return image.format or "", image.size
