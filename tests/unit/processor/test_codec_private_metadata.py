"""What Keep must not keep, wherever a file holds it: positions by other names, in a second block, packed into a tag."""

from __future__ import annotations

import struct
import time

import pytest
from PIL import ExifTags, Image
from support.pictures import encode, exif, photo

from imagebatch.model.batch import Metadata, OutputFormat, OutputOptions
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import Compressed, ImageLimits

SECRET = b"52,30.1234N"
START = b"http://ns.adobe.com/xap/1.0/\0"
SMALL = encode(photo(), "JPEG", quality=5, optimize=True)  # at 100 the original is the smaller one
BYTES = 1_000_000


def _xmp(attribute: bytes, element: bytes = b"") -> bytes:
    return b"<x:xmpmeta><rdf:Description dc:title='A street' " + attribute + b">" + element + b"</x:xmpmeta>"


def _app1(body: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _kept(data: bytes, wanted: OutputFormat = OutputFormat.AUTO) -> Compressed:
    return compress(data, OutputOptions(format=wanted, metadata=Metadata.KEEP, quality=100), ImageLimits())


def _with_tag(tag: int, value: object) -> bytes:
    tags = Image.Exif()
    tags[ExifTags.Base.Model] = "Exacta Varex"
    tags[tag] = value
    return tags.tobytes()


@pytest.mark.parametrize(
    "name", [b"exif:GPSLatitude", b"drone-dji:GpsLongtitude", b"drone-skydio:Latitude", b"Camera:GPSXYAccuracy"]
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_compress_when_xmp_tells_a_place_by_any_name_then_that_is_gone_and_the_rest_stays(
    kind: str, name: bytes
) -> None:
    element = b"<" + name + b" a='b'>" + SECRET + b"</" + name + b">"
    data = SMALL[:2] + _app1(START + _xmp(name + b' = "' + SECRET + b'"', element)) + SMALL[2:]
    found = _kept(data, OutputFormat({"JPEG": "Auto", "WEBP": "WebP"}.get(kind, kind))).data
    assert SECRET not in found
    assert b"A street" in found


@pytest.mark.parametrize("words", [b"Garmin GPS watch", b"Latitude 7420, for longitude"])
def test_compress_when_xmp_only_writes_about_places_then_it_stays(words: bytes) -> None:
    data = encode(photo(), "JPEG", quality=95, xmp=_xmp(b"", b"<dc:description>" + words + b"</dc:description>"))
    assert words in _kept(data).data


@pytest.mark.parametrize("start", [START, b"Exif\0\0"])
@pytest.mark.parametrize("place", [2, -2])
def test_compress_when_a_jpeg_has_another_block_than_the_one_read_then_it_is_gone(start: bytes, place: int) -> None:
    harmless = START + _xmp(b"") if start == START else exif(1)
    other = start + (_xmp(b'exif:GPSLatitude="' + SECRET + b'"') if start == START else SECRET)
    data = SMALL[:2] + _app1(harmless) + SMALL[2:]
    assert _kept(data).kept_original
    place = place if place < 0 else 2 + len(_app1(harmless)) * (start != START)
    assert SECRET not in _kept(data[:place] + _app1(other) + data[place:]).data


@pytest.mark.parametrize("tag", [700, 33723, 34377])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_compress_when_exif_packs_other_metadata_into_a_tag_then_it_is_gone(kind: str, tag: int) -> None:
    found = _kept(encode(photo(), kind, quality=5, exif=_with_tag(tag, SECRET))).data
    assert SECRET not in found
    assert b"Exacta Varex" in found


def test_compress_when_exif_has_a_number_for_a_word_then_the_picture_comes_out() -> None:
    words = _with_tag(ExifTags.Base.Make, "ABCDEFG")
    at = words.index(struct.pack(">HHL", ExifTags.Base.Make, 2, 8))
    numbers = words[:at] + struct.pack(">HHL", ExifTags.Base.Make, 12, 1) + words[at + 8 :]
    assert _kept(encode(photo(), "JPEG", exif=numbers)).width == 320


@pytest.mark.parametrize(
    "piece",
    [b"<a:GPS>", b"<a:GPS ", b"<a:GPSS", b" a:GPS='", b"<a:Thumbnails>", b"<a:Orientation ", b"<a:G", b"S", b" "],
)
def test_compress_when_an_xmp_packet_is_made_to_take_for_ever_then_it_does_not(piece: bytes) -> None:
    data = encode(photo(16, 16), "WEBP", xmp=b"<a:GPS" + piece * (BYTES // len(piece)))
    began = time.process_time()
    _kept(data)
    assert time.process_time() - began < 3
