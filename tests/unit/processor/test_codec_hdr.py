"""Pictures meant in PQ or HLG are refused by name, whatever the format; one that brings a profile is meant in that."""

from __future__ import annotations

import pytest
from support.avif_boxes import nclx, with_code_points, with_property
from support.codec_calls import refusal
from support.pictures import encode, photo, srgb_profile
from support.png_chunks import chunk, with_chunks

from imagebatch.model.batch import OutputFormat, OutputOptions
from imagebatch_processor.codec import compress
from imagebatch_processor.codec.avif import code_points
from imagebatch_processor.policy import ImageLimits

BT2020, BT2020_CURVE = 9, 14
HDR = [(16, "PQ"), (18, "HLG")]


def _named(kind: str, curve: int, mode: str = "RGB", **options: object) -> bytes:
    data = encode(photo().convert(mode), kind, **options)
    if kind == "PNG":
        return with_chunks(data, chunk(b"cICP", bytes([BT2020, curve, 0, 1])))
    return with_code_points(data, BT2020, curve)


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
    in_pq = with_code_points(data, BT2020, 16)
    assert in_pq != data
    assert compress(in_pq, OutputOptions(), ImageLimits()).width == 320


def test_compress_when_another_picture_of_an_avif_is_in_pq_then_it_comes_out() -> None:
    """A gain map's file: the first colour box is that of the picture in HDR, the primary picture has one of its own."""
    assert compress(_with_gain_map(), OutputOptions(), ImageLimits()).width == 320


@pytest.mark.parametrize(("first", "own"), [(BT2020_CURVE, 16), (16, BT2020_CURVE)])
def test_code_points_of_an_avif_are_those_of_its_primary_picture(first: int, own: int) -> None:
    found = code_points(_with_gain_map(first, own), animated=False)
    assert found == {"color_primaries": BT2020, "transfer_characteristics": own}


def test_compress_when_a_moving_avif_is_in_pq_then_refused_by_name() -> None:
    moving = encode(photo(), "AVIF", save_all=True, append_images=[photo().transpose(0)])
    in_pq = with_code_points(moving, BT2020, 16)
    assert in_pq.count(nclx(BT2020, 16)) == moving.count(nclx(1, 13)) > 0
    assert refusal(in_pq) == ("unsupported_format", "HDR pictures (PQ) are not read")


def _with_gain_map(first: int = 16, own: int = BT2020_CURVE) -> bytes:
    """Return an AVIF with the colour boxes of two pictures, of which the second is that of the primary one."""
    both = bytearray(with_property(_named("AVIF", first), nclx(BT2020, own)))
    associated = both.index(b"ipma") + 15
    new, *_, old = range(associated, associated + 5)
    assert (both[old], both[new] & 0x7F) == (4, 5), "the box that the encoder wrote, and the one added"
    both[old] = 0  # none
    return bytes(both)
