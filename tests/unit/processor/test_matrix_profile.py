"""Profiles made from numbers say what the numbers say, to LittleCMS and by the published values."""

from __future__ import annotations

import io
import struct

import pytest
from PIL import Image, ImageCms

from imagebatch_processor.matrix_profile import SRGB_CURVE, Primaries, gray_profile, rgb_profile

D65 = (0.3127, 0.3290)
SRGB = Primaries(D65, (0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
P3 = Primaries(D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
# The colorants of the sRGB profile of IEC 61966-2-1 at D50, to four digits.
SRGB_COLORANTS = {
    b"rXYZ": (0.4361, 0.2225, 0.0139),
    b"gXYZ": (0.3851, 0.7169, 0.0971),
    b"bXYZ": (0.1431, 0.0606, 0.7141),
}


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack(">I", profile[128:132])
    entries = (struct.unpack(">4sII", profile[at : at + 12]) for at in range(132, 132 + 12 * count, 12))
    return {name: profile[start : start + size] for name, start, size in entries}


def _in_srgb(profile: bytes, colour: tuple[int, ...] | int, mode: str = "RGB") -> tuple[int, ...]:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    picture = Image.new(mode, (1, 1), colour)
    converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert converted is not None
    return tuple(converted.tobytes())


@pytest.mark.parametrize("name", SRGB_COLORANTS)
def test_rgb_profile_when_of_srgb_then_the_published_colorants(name: bytes) -> None:
    found = [number / 65_536 for number in struct.unpack(">3i", _tags(rgb_profile(SRGB, SRGB_CURVE))[name][8:])]
    assert found == pytest.approx(SRGB_COLORANTS[name], abs=3e-4)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 30, 90), (12, 130, 250)])
def test_rgb_profile_when_of_srgb_then_colours_stay(colour: tuple[int, ...]) -> None:
    assert _in_srgb(rgb_profile(SRGB, SRGB_CURVE), colour) == pytest.approx(colour, abs=1)


def test_rgb_profile_when_of_wider_primaries_then_gray_stays_and_red_is_redder() -> None:
    profile = rgb_profile(P3, SRGB_CURVE)
    assert _in_srgb(profile, (120, 120, 120)) == pytest.approx((120, 120, 120), abs=1)
    assert _in_srgb(profile, (200, 60, 60)) == pytest.approx((217, 43, 53), abs=4)


def test_gray_profile_when_of_another_gamma_then_the_middle_moves() -> None:
    assert _in_srgb(gray_profile(1.0), 55, "L") == pytest.approx((128, 128, 128), abs=2)


@pytest.mark.parametrize("corner", [(0.3, 0.3), (0.0, 0.0)])
def test_rgb_profile_when_the_primaries_span_nothing_then_a_value_error(corner: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"no colours|too large"):
        rgb_profile(Primaries(D65, corner, corner, corner), 2.2)
