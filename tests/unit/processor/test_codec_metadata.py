"""Strip leaves profile and resolution; Keep leaves EXIF and XMP, but no position and no thumbnail."""

from __future__ import annotations

import io

import pytest
from PIL import ExifTags, Image, PngImagePlugin
from support.pictures import encode, exif, photo, srgb_profile
from support.quadrants import opened

from imagebatch.model.batch import Metadata, OutputFormat, OutputOptions
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import ImageLimits

CAMERA = "Exacta Varex"
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="48,51.5N" dc:title="A street">'
    b"<exif:GPSLongitude>2,17.7E</exif:GPSLongitude><xmp:Thumbnails>dGh1bWI=</xmp:Thumbnails>"
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def _exif() -> bytes:
    tags = Image.Exif()
    tags[ExifTags.Base.Model] = CAMERA
    tags.get_ifd(ExifTags.IFD.Exif).update(
        {ExifTags.Base.MakerNote: b"maker secret", ExifTags.Base.ISOSpeedRatings: 400}
    )
    tags.get_ifd(ExifTags.IFD.GPSInfo).update(
        {ExifTags.GPS.GPSLatitudeRef: "N", ExifTags.GPS.GPSLatitude: (48.0, 51.0, 30.0)}
    )
    return tags.tobytes()


def _source(kind: str) -> bytes:
    options: dict[str, object] = {"exif": _exif(), "icc_profile": srgb_profile()}
    if kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_itxt("XML:com.adobe.xmp", XMP.decode())
        text.add_text("Comment", "private words")
        return encode(photo(), kind, pnginfo=text, dpi=(300, 300), **options)
    if kind == "JPEG":
        options |= {"comment": b"private words", "dpi": (300, 300), "quality": 95}
    return encode(photo(), kind, xmp=XMP, **options)


@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("target", ["JPEG", "PNG", "WebP", "AVIF"])
def test_compress_when_stripped_then_nothing_but_the_profile_is_left(source: str, target: str) -> None:
    result = compress(_source(source), OutputOptions(format=OutputFormat(target)), ImageLimits())
    for secret in (CAMERA.encode(), b"private words", b"GPS", b"xmpmeta", b"maker secret", b"Exif\0"):
        assert secret not in result.data
    assert opened(result.data).info["icc_profile"] == srgb_profile()


@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("target", ["JPEG", "PNG", "WebP", "AVIF"])
def test_compress_when_kept_then_exif_and_xmp_are_without_position_and_thumbnail(source: str, target: str) -> None:
    options = OutputOptions(format=OutputFormat(target), metadata=Metadata.KEEP)
    data = compress(_source(source), options, ImageLimits()).data
    picture = opened(data)
    tags = picture.getexif()
    assert tags[ExifTags.Base.Model] == CAMERA
    assert tags.get_ifd(ExifTags.IFD.Exif) == {ExifTags.Base.ISOSpeedRatings: 400}
    assert not tags.get_ifd(ExifTags.IFD.GPSInfo)
    assert not tags.get_ifd(ExifTags.IFD.IFD1)
    assert b"A street" in picture.info["xmp"]
    for secret in (b"GPS", b"48,51", b"2,17", b"dGh1bWI", b"maker secret", b"private words"):
        assert secret not in data


def test_compress_when_kept_xmp_cannot_be_cleaned_then_it_is_dropped() -> None:
    odd = b'<!DOCTYPE x [<!ENTITY gps "G&#80;S">]><x:xmpmeta>&gps;</x:xmpmeta>'
    data = encode(photo(), "JPEG", quality=95, xmp=odd)
    assert b"xmpmeta" not in compress(data, OutputOptions(metadata=Metadata.KEEP), ImageLimits()).data


def test_compress_when_an_exif_thumbnail_is_there_then_keep_drops_it() -> None:
    thumbnail = encode(photo().resize((32, 24)), "JPEG")
    head = b"Exif\0\0MM\0*\0\0\0\x08"
    model = b"\0\x01\x01\x10\0\x02\0\0\0\x04ABC\0" + b"\0\0\0\x1a"
    ifd1 = b"\0\x02\x02\x01\0\x04\0\0\0\x01\0\0\0\x38\x02\x02\0\x04\0\0\0\x01" + len(thumbnail).to_bytes(4, "big")
    data = encode(photo(), "JPEG", quality=95, exif=head + model + ifd1 + bytes(4) + thumbnail)
    assert data.count(b"\xff\xd8\xff") == 2
    kept = compress(data, OutputOptions(metadata=Metadata.KEEP), ImageLimits()).data
    assert kept.count(b"\xff\xd8\xff") == 1
    assert opened(kept).getexif()[ExifTags.Base.Model] == "ABC"


@pytest.mark.parametrize("target", ["JPEG", "PNG"])
def test_compress_when_a_resolution_is_given_then_it_stays(target: str) -> None:
    data = encode(photo(), "TIFF", dpi=(300, 150))
    result = compress(data, OutputOptions(format=OutputFormat(target)), ImageLimits())
    assert opened(result.data).info["dpi"] == pytest.approx((300, 150), abs=0.1)


def test_compress_when_a_tiff_is_kept_then_what_it_says_of_itself_is_too() -> None:
    tags = {ExifTags.Base.Model: CAMERA, ExifTags.Base.Copyright: "A. Photographer", 700: XMP}
    source = Image.open(io.BytesIO(encode(photo(), "TIFF", tiffinfo=tags, exif=_exif())))
    assert source.getexif()[ExifTags.Base.Model] == CAMERA
    data = encode(photo(), "TIFF", exif=_exif(), tiffinfo=tags)
    kept = compress(data, OutputOptions(metadata=Metadata.KEEP), ImageLimits()).data
    picture = opened(kept)
    found = picture.getexif()
    assert (found[ExifTags.Base.Model], found[ExifTags.Base.Copyright]) == (CAMERA, "A. Photographer")
    assert not {ExifTags.Base.ImageWidth, ExifTags.Base.StripOffsets, ExifTags.Base.Compression} & set(found)
    assert b"A street" in picture.info["xmp"]
    assert b"GPS" not in kept


@pytest.mark.parametrize(
    "words", [b'tiff:Orientation="6"', b"tiff:Orientation='8' ", b"><tiff:Orientation>3</tiff:Orientation"]
)
def test_compress_when_kept_xmp_has_an_orientation_then_it_says_upright(words: bytes) -> None:
    xmp = (
        XMP.replace(b"dc:title", words + b" dc:title")
        if b"<" not in words
        else XMP.replace(b'street">', b'street"' + words + b">")
    )
    data = encode(photo(), "JPEG", quality=95, exif=exif(6), xmp=xmp)
    picture = opened(compress(data, OutputOptions(metadata=Metadata.KEEP), ImageLimits()).data)
    assert picture.size == (240, 320)
    assert b"Orientation" in picture.info["xmp"]
    assert picture.getexif().get(ExifTags.Base.Orientation, 1) == 1
