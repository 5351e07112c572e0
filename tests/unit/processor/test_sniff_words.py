"""What a refusal calls a file that is no picture, or none that is read: what merchants do put behind a .jpg."""

from __future__ import annotations

import gzip

import pytest
from support.pictures import jpeg

from imagebatch.model.errors import ImageRejected
from imagebatch_processor.sniff import image_format


def _refusal(data: bytes) -> tuple[str, str]:
    with pytest.raises(ImageRejected) as caught:
        image_format(data)
    return caught.value.code, caught.value.message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"<!DOCTYPE html><html>", "the file is a web page (HTML), no picture"),
        (b"\xef\xbb\xbf\r\n <HTML lang=en>", "the file is a web page (HTML), no picture"),
        (b"<!-- cached -->\n<html>", "the file is a web page (HTML), no picture"),
        (b'{"error": "not found"}', "the file is JSON, no picture"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code>', "the file is XML or HTML, no picture"),
        (b"404 Not Found", "the file is text, no picture"),
        (b"BMW is a maker of cars, and this is a text.", "the file is text, no picture"),
        (b"BANANA", "the file is text, no picture"),
        (b"data:image/png;base64,iVBORw0KGgo", "the file is the text of a data URL"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS: the picture itself was never uploaded"),
        (b"PK\x03\x04\x14\0", "the file is a ZIP archive"),
        (b"\xff\xd8", "the file is no picture"),
        (b"\r\n\xff\xd8\xff\xe0", "the file is no picture"),
        (bytes(100), "the file is no picture"),
    ],
)
def test_image_format_when_no_picture_then_what_it_is_instead(data: bytes, words: str) -> None:
    code, message = _refusal(data)
    assert (code, message.endswith(words)) == ("not_an_image", True)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<svg/>", "SVG"),
        (b"%PDF-1.4", "PDF"),
        (b"\0\0\1\0\1\0\x10\x10", "icon"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\1webm", "WebM and Matroska video"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "video and other ISO media"),
        (b"\0\0\0\x14ftypqt  \0\0\2\0qt  ", "video and other ISO media"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "Canon CR3 raw"),
        (b"RIFF\x10\0\0\0AVI LIST", "AVI video and animated cursor"),
        (gzip.compress(jpeg()), "gzip (or SVGZ)"),
        (b"II\xbc\1\x20\0\0\0", "JPEG XR"),
        (b"\xff\x0a\x41\x07", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\xff\x4f\xff\x51\0\x2f", "JPEG 2000"),
        (b"\x8aMNG\r\n\x1a\n", "MNG"),
        (b"BA\x10\0\0\0\0\0\0\0\0\0\0\0BM", "OS/2 bitmap array"),
        (b"FUJIFILMCCD-RAW 0201FF", "Fujifilm raw"),
        (b"IIRO\x08\0\0\0", "Olympus raw"),
        (b"IIU\0\x18\0\0\0", "Panasonic raw"),
        (bytes(128) + b"DICM", "DICOM"),
    ],
)
def test_image_format_when_a_kind_that_is_not_read_then_its_name(data: bytes, words: str) -> None:
    assert _refusal(data + bytes(200)) == ("unsupported_format", f"{words} files are not read")
