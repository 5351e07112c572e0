"""The colours that a file means without bringing a profile: a profile is made that says the same.

PNG has gAMA, cHRM and cICP for it, AVIF and HEIC a box of code points (nclx), none of which any other format knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagebatch.model.errors import ImageRejected
from imagebatch_processor.matrix_profile import SRGB_CURVE, Primaries, gray_profile, rgb_profile
from imagebatch_processor.policy import ImageFormat

if TYPE_CHECKING:
    from PIL import Image

_D65 = (0.3127, 0.3290)
_SRGB = Primaries(_D65, (0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
# ITU-T H.273: numbers of primaries, and of curves that are brightness to a power. Curves of video are taken for
# sRGB's, as browsers take them; those of HDR would need a tone mapping.
_NAMED_PRIMARIES = {
    1: _SRGB,
    9: Primaries(_D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    12: Primaries(_D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
_NAMED_GAMMAS = {1: SRGB_CURVE, 4: 2.2, 5: 2.8, 6: SRGB_CURVE, 8: 1.0, 13: SRGB_CURVE, 14: SRGB_CURVE, 15: SRGB_CURVE}
_HDR_CURVES = {16: "PQ", 18: "HLG"}
_USUAL_GAMMA = 2.2
_GAMMAS = (0.2, 5.0)  # anything else is no statement about a picture
_SAME_GAMMA, _SAME_PLACE = 0.05, 0.01
_GRAY_MODES = ("1", "L", "LA", "I;16")
_CICP = b"\0\0\0\x04cICP"
_HEAD_BYTES = 65_536


def refuse_hdr(image: Image.Image, data: bytes, file_format: ImageFormat) -> None:
    """Refuse with `unsupported_format` what is meant in PQ or HLG: its numbers on a screen are gray and dull."""
    _, curve = _code_points(image, data, file_format)
    if curve in _HDR_CURVES:
        raise ImageRejected("unsupported_format", f"HDR pictures ({_HDR_CURVES[curve]}) are not read")


def state_profile(image: Image.Image, data: bytes, file_format: ImageFormat) -> None:
    """Put a profile into the picture's `info` where the file names a colour space that is not sRGB.

    PNG's cICP goes before a profile, and a profile or sRGB before gAMA and cHRM (PNG third edition, 4.3).
    """
    primaries, curve = _code_points(image, data, file_format)
    is_known = primaries in _NAMED_PRIMARIES and curve in _NAMED_GAMMAS
    if file_format is not ImageFormat.PNG or (is_known and image.mode not in _GRAY_MODES):
        made = _coded(primaries, curve)
    else:
        made = _png_profile(image)
    if made:
        image.info["icc_profile"] = made


def _code_points(image: Image.Image, data: bytes, file_format: ImageFormat) -> tuple[int, int]:
    """Return the numbers of primaries and curve that the file names, zeros where it names none or a profile counts."""
    if file_format is ImageFormat.PNG:
        at = data.find(_CICP, 0, max(data.find(b"IDAT", 0, _HEAD_BYTES), 0)) + len(_CICP)
        return (data[at], data[at + 1]) if at >= len(_CICP) else (0, 0)
    named = {} if "icc_profile" in image.info else image.info.get("nclx_profile", {})
    return named.get("color_primaries", 0), named.get("transfer_characteristics", 0)


def _png_profile(image: Image.Image) -> bytes | None:
    """Return the profile that a PNG's gAMA and cHRM stand for, None where it has one or means sRGB."""
    if "icc_profile" in image.info or "srgb" in image.info:
        return None
    gamma, primaries_named = _gamma(image.info.get("gamma")), _primaries(image.info.get("chromaticity"))
    if image.mode in _GRAY_MODES:
        return gray_profile(gamma) if gamma else None
    if gamma is None and primaries_named is None:
        return None
    curve_named = gamma or (_USUAL_GAMMA if "gamma" in image.info else SRGB_CURVE)
    return _profile_or_none(primaries_named or _SRGB, curve_named)


def _gamma(exponent: object) -> float | None:
    """Return the gamma to undo gAMA's exponent with; None where that is sRGB's, or nothing that can be meant."""
    if not isinstance(exponent, float) or exponent <= 0 or abs(exponent * _USUAL_GAMMA - 1) <= _SAME_GAMMA:
        return None
    return 1 / exponent if _GAMMAS[0] <= 1 / exponent <= _GAMMAS[1] else None


def _primaries(places: object) -> Primaries | None:
    """Return cHRM's white and primaries; None where they are sRGB's or impossible."""
    if not isinstance(places, tuple) or len(places) != 8 or min(places[1::2]) <= 0 or max(places) > 1:
        return None
    named = Primaries(*(tuple(places[i : i + 2]) for i in (0, 2, 4, 6)))
    usual = [place for pair in _SRGB for place in pair]
    same = all(abs(place - wanted) <= _SAME_PLACE for place, wanted in zip(places, usual, strict=True))
    return None if same else named


def _coded(primaries: int, curve: int) -> bytes | None:
    """Return a profile for code points; None for sRGB and for what is not known."""
    if primaries not in _NAMED_PRIMARIES or curve not in _NAMED_GAMMAS:
        return None
    named, gamma = _NAMED_PRIMARIES[primaries], _NAMED_GAMMAS[curve]
    return None if (named, gamma) == (_SRGB, SRGB_CURVE) else rgb_profile(named, gamma)


def _profile_or_none(primaries: Primaries, gamma: float | None) -> bytes | None:
    try:
        return rgb_profile(primaries, gamma)
    except ValueError:
        return None
