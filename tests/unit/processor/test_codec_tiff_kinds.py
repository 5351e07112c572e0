"""Every kind of TIFF that is about: its first full page shown, or refused by name, as cameras' raw files are."""

from __future__ import annotations

import numpy as np
import pytest
from support.codec_calls import refusal
from support.pictures import encode
from support.quadrants import CORNERS, are_close, corner_colours, opened, quadrants
from support.tiffs import COMPRESSION, DNG_VERSION, SUBFILE_TYPE, with_old_jpeg, with_tag, written

from imagebatch.model.batch import OutputOptions
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec import compress
from imagebatch_processor.policy import ImageFormat, ImageLimits

COMPRESSIONS = ["raw", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits", "jpeg", "lzma", "zstd"]
FLAT, DEEP = np.asarray(quadrants()), np.asarray(quadrants()).astype(np.uint16) * 257
GRAY = np.asarray(quadrants(mode="L"))
PREVIEW = {"data": np.asarray(quadrants(24, 16)), "subfiletype": 1}
RAW = "raw files of cameras"


KINDS = {
    **{name: encode(quadrants(), "TIFF", compression=name) for name in COMPRESSIONS},
    "old jpeg": with_old_jpeg(),
    "predictor": encode(quadrants(), "TIFF", compression="tiff_lzw", tiffinfo={317: 2}),
    "big-endian": written(byteorder=">"),
    "bigtiff": written(big=True),
    "one plane each": written([{"data": FLAT.transpose(2, 0, 1).copy(), "planarconfig": "separate"}]),
    "tiles": written([{"tile": (16, 16)}]),
    "16 bits": written([{"data": DEEP}]),
    "16 bits, big-endian": written([{"data": DEEP}], byteorder=">"),
    "cmyk": encode(quadrants(mode="CMYK"), "TIFF"),
    "pages": written([{}, {"data": np.zeros((8, 8, 3), np.uint8)}]),
    "preview first": written([PREVIEW, {}]),
    "mask and preview first": with_tag(written([PREVIEW, PREVIEW, {}]), SUBFILE_TYPE, 4, kind=4),
}


@pytest.mark.parametrize("kind", KINDS)
def test_compress_when_any_kind_that_is_read_then_a_jpeg_of_the_first_full_page(kind: str) -> None:
    result = compress(KINDS[kind], OutputOptions(), ImageLimits())
    assert (result.input_format, result.format) == (ImageFormat.TIFF, ImageFormat.JPEG)
    assert (result.input_width, result.input_height) == (96, 64)
    assert are_close(corner_colours(opened(result.data)), list(CORNERS))


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_compress_when_a_fax_then_black_on_white(compression: str) -> None:
    fax = quadrants(mode="L").point(lambda value: 255 * (value > 100), "1")
    result = compress(encode(fax, "TIFF", compression=compression), OutputOptions(), ImageLimits())
    assert are_close(corner_colours(opened(result.data)), corner_colours(fax))


REFUSED = {
    "float": (written([{"data": FLAT.astype(np.float32)}]), "TIFFs of floating-point numbers"),
    "float, gray": (
        written([{"data": GRAY.astype(np.float32), "photometric": "minisblack"}]),
        "TIFFs of floating-point numbers",
    ),
    "signed": (written([{"data": GRAY.astype(np.int16), "photometric": "minisblack"}]), "TIFFs of signed numbers"),
    "32 bits": (written([{"data": GRAY.astype(np.uint32), "photometric": "minisblack"}]), "TIFFs of 32 bits a channel"),
    "bigtiff, big-endian": (written(byteorder=">", big=True), "BigTIFFs in big-endian order"),
    "dng": (with_tag(written(), DNG_VERSION, 0x00000401, count=4, kind=1), f"{RAW} (DNG)"),
    "dng, preview first": (with_tag(written([PREVIEW]), DNG_VERSION, 0x00000401, count=4, kind=1), f"{RAW} (DNG)"),
    "a sensor's mosaic": (written([{"data": GRAY, "photometric": 32803}]), RAW),
    **{
        f"method {number}": (with_tag(written(), COMPRESSION, number), f"TIFFs compressed by method {number}")
        for number in (50001, 50002, 34712, 33003, 34887, 32809, 65000)
    },
}


@pytest.mark.parametrize("kind", REFUSED)
def test_compress_when_a_kind_that_is_not_read_then_its_name(kind: str) -> None:
    data, name = REFUSED[kind]
    assert refusal(data) == ("unsupported_format", f"{name} are not read")


@pytest.mark.parametrize(("magic", "name"), [(b"CR\2\0", "CR2"), (b"IIIICwaR", "IIQ")])
def test_compress_when_the_raw_file_of_canon_or_phase_one_then_no_preview_comes_out(magic: bytes, name: str) -> None:
    picture = with_tag(written(), SUBFILE_TYPE, 0)
    assert refusal(picture[:8] + magic + picture[8 + len(magic) :]) == (
        "unsupported_format",
        f"{RAW} ({name}) are not read",
    )


@pytest.mark.parametrize(("tag", "value"), [(254, 1), (254, 4), (255, 2)])
def test_compress_when_only_previews_as_in_nikons_and_sonys_raw_files_then_refused(tag: int, value: int) -> None:
    code, message = refusal(with_tag(written(), tag, value))
    assert (code, message.startswith(RAW)) == ("unsupported_format", True)


def test_compress_when_the_preview_is_within_the_limits_and_the_page_is_not_then_too_many_pixels() -> None:
    with pytest.raises(ImageRejected) as caught:
        compress(KINDS["preview first"], OutputOptions(), ImageLimits(max_side=95))
    assert caught.value.code == "too_many_pixels"


@pytest.mark.parametrize("big", [False, True])
def test_compress_when_the_end_is_missing_then_truncated(big: bool) -> None:
    whole = with_tag(written(), SUBFILE_TYPE, 0) if not big else written(big=True)
    assert refusal(whole[: len(whole) // 2])[0] == "truncated"
