"""What becomes of colours and of alpha where a PNG's are reduced to 256: a quality below 100."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from support.pictures import encode, photo
from support.quadrants import opened

from imagebatch.model.batch import OutputOptions
from imagebatch_processor.codec import compress, writing
from imagebatch_processor.policy import ImageFormat, ImageLimits


def reduced(picture: Image.Image) -> Image.Image:
    """Return the picture as a PNG of quality 50 shows it."""
    options = OutputOptions(quality=50, never_larger=False)
    return opened(compress(encode(picture, "PNG"), options, ImageLimits()).data)


def product_on(background: str | tuple[int, ...]) -> Image.Image:
    """Return a photograph in an ellipse with a soft edge and a faint shadow."""
    size = (400, 300)
    shape, shadow = Image.new("L", size), Image.new("L", size)
    ImageDraw.Draw(shape).ellipse((60, 40, 340, 220), fill=255)
    ImageDraw.Draw(shadow).ellipse((70, 200, 330, 270), fill=90)
    picture = Image.new("RGBA", size, background)
    under = Image.new("RGBA", size)
    under.putalpha(shadow.filter(ImageFilter.GaussianBlur(12)))
    picture = Image.alpha_composite(picture, under)
    product = photo(*size).convert("RGBA")
    product.putalpha(shape.filter(ImageFilter.GaussianBlur(1.5)))
    return Image.alpha_composite(picture, product)


def test_png_when_a_product_is_on_white_then_white_stays_white():
    picture = product_on("white").convert("RGB")
    assert picture.getcolors(256) is None
    assert reduced(picture).convert("RGB").getpixel((2, 2)) == (255, 255, 255)


def test_png_when_cut_out_then_opaque_stays_opaque_and_clear_stays_clear():
    picture = product_on((0, 0, 0, 0))
    before = np.asarray(picture.getchannel("A"))
    after = np.asarray(reduced(picture).convert("RGBA").getchannel("A"))
    assert (after[before == 255] == 255).mean() > 0.999
    assert not after[before == 0].any()
    assert np.abs(after.astype(int) - before).mean() < 4


def test_png_when_few_colours_then_each_stays_as_it_is():
    noise = np.random.default_rng(2)
    colours = noise.integers(0, 256, (256, 3), np.uint8)
    picture = Image.fromarray(colours[noise.integers(0, 256, (60, 80))])
    assert reduced(picture).convert("RGB").tobytes() == picture.tobytes()


def test_gif_when_what_is_hidden_has_colours_then_those_that_are_seen_stay_exact():
    pixels = np.random.default_rng(1).integers(0, 256, (64, 16, 4), dtype=np.uint8)
    pixels[..., 3] = 0
    pixels[:8, :, 3] = 255
    seen = opened(writing.encode(Image.fromarray(pixels), ImageFormat.GIF, 50, {})).convert("RGBA")
    assert np.array_equal(np.asarray(seen)[:8], pixels[:8])
    assert not np.asarray(seen)[8:, :, 3].any()
