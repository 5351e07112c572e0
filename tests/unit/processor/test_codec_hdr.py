"""Pictures meant in PQ or HLG are refused by name, whatever the format; one that brings a profile is meant in that."""

from __future__ import annotations

import struct

import pytest
from support.codec_calls import refusal
from support.pictures import encode, photo, srgb_profile
from support.png_chunks import chunk, with_chunks

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import ImageLimits

BT2020, BT2020_CURVE = 9, 14
HDR = [(16, "PQ"), (18, "HLG")]


def _named(kind: str, curve: int, mode: str = "RGB", **options: object) -> bytes:
    data = encode(photo().convert(mode), kind, **options)
    if kind == "PNG":
        return with_chunks(data, chunk(b"cICP", bytes([BT2020, curve, 0, 1])))
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", BT2020, curve) + data[at + 4 :]


@pytest.mark.parametrize(("curve", "name"), HDR)
@pytest.mark.parametrize("wanted", list(OutputFormat))
@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGB"), ("PNG", "L"), ("PNG", "RGBA"), ("AVIF", "RGB")])
def test_compress_when_hdr_then_refused_by_name(
    kind: str, mode: str, wanted: OutputFormat, curve: int, name: str
) -> None:
    found = refusal(_named(kind, curve, mode), OutputOptions(format=wanted))
    assert found == ("unsupported_format", f"HDR pictures ({name}) are not read")


@pytest.mark.parametrize("kind", ["PNG", "AVIF"])
def test_compress_when_only_the_colours_are_those_of_hdr_then_it_comes_out(kind: str) -> None:
    assert compress(_named(kind, BT2020_CURVE), OutputOptions(), ImageLimits()).width == 320


def test_compress_when_an_avif_brings_a_profile_then_that_counts() -> None:
    data = encode(photo(), "AVIF", icc_profile=srgb_profile())
    at = data.index(b"colrnclx") + 8
    in_pq = data[:at] + struct.pack(">HH", BT2020, 16) + data[at + 4 :]
    assert compress(in_pq, OutputOptions(), ImageLimits()).width == 320
