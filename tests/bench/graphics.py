"""Graphics as shops have them, drawn by rule: the same pixels on every machine with the same Pillow."""

from __future__ import annotations

from bench.real_photographs import names, photograph
from PIL import Image, ImageDraw, ImageFilter, ImageFont

WORDS = "Art. 4711 Kaffeemaschine, Edelstahl, 1,2 Liter, 2 Jahre Garantie: 89,90 EUR inkl. MwSt."
RED, BLUE, GREEN, GREY = (204, 0, 0), (0, 61, 165), (0, 128, 55), (90, 90, 90)
OVERSAMPLING = 4


def graphics() -> dict[str, Image.Image]:
    """Return every graphic by its name."""
    return {
        "logo": logo(),
        "coloured text": coloured_text(),
        "screenshot": screenshot(),
        "cut-out": cut_out(),
        "logo with alpha": clear_logo(),
    }


def logo() -> Image.Image:
    """Return flat colours with smooth edges on white."""
    return _mark("white")


def clear_logo() -> Image.Image:
    """Return the same without a background."""
    return _mark((0, 0, 0, 0))


def _mark(background: str | tuple[int, ...]) -> Image.Image:
    side = 400 * OVERSAMPLING
    large = Image.new("RGB" if background == "white" else "RGBA", (2 * side, side), background)
    draw = ImageDraw.Draw(large)
    draw.ellipse((side // 10, side // 10, side * 9 // 10, side * 9 // 10), fill=RED)
    draw.polygon([(side // 2, side // 4), (side * 3 // 4, side * 3 // 4), (side // 4, side * 3 // 4)], fill="white")
    draw.text((side, side // 4), "SHOP", fill=BLUE, font=_font(side // 3))
    draw.rectangle((side, side * 2 // 3, side * 19 // 10, side * 3 // 4), fill=GREEN)
    return large.reduce(OVERSAMPLING)


def coloured_text() -> Image.Image:
    """Return lines of small red, blue, green and grey text on white and on colour."""
    picture = Image.new("RGB", (800, 600), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 300, 800, 600), fill=(255, 240, 200))
    for line in range(24):
        colour = (RED, BLUE, GREEN, GREY)[line % 4]
        draw.text((10, 8 + 25 * line), WORDS, fill=colour, font=_font(12 + line % 3 * 4))
    return picture


def screenshot() -> Image.Image:
    """Return a page of a shop: bars, borders, text, buttons, and two photographs."""
    picture = Image.new("RGB", (1200, 800), (246, 247, 249))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 1200, 60), fill=BLUE)
    draw.text((20, 15), "SHOP  |  Angebote  |  Warenkorb (3)", fill="white", font=_font(24))
    for column, name in enumerate(names()[:2]):
        left = 30 + 580 * column
        draw.rectangle((left, 90, left + 550, 760), fill="white", outline=(208, 212, 218))
        picture.paste(photograph(name, 0.3).resize((510, 340)), (left + 20, 110))
        for line in range(8):
            draw.text((left + 20, 470 + 25 * line), WORDS[: 62 - 4 * line], fill=GREY, font=_font(15))
        draw.rounded_rectangle((left + 20, 690, left + 220, 740), 8, fill=GREEN)
        draw.text((left + 50, 703), "In den Korb", fill="white", font=_font(20))
    return picture


def cut_out() -> Image.Image:
    """Return a product cut out of its photograph, with soft edges and a shadow: alpha of every value."""
    size = (900, 600)
    product = photograph(names()[0 if len(names()) < 3 else 2], 0.8).resize(size)
    shape = Image.new("L", size, 0)
    ImageDraw.Draw(shape).ellipse((120, 60, 780, 480), fill=255)
    shadow = Image.new("L", size, 0)
    ImageDraw.Draw(shadow).ellipse((140, 420, 800, 560), fill=110)
    under = Image.new("RGBA", size, (0, 0, 0, 0))
    under.putalpha(shadow.filter(ImageFilter.GaussianBlur(18)))
    product.putalpha(shape.filter(ImageFilter.GaussianBlur(2)))
    return Image.alpha_composite(under, product)


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Return the typeface that Pillow brings along."""
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
