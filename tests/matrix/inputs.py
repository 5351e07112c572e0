"""What an input of the matrix is, and all of them; the modules beside this one make the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagebatch_processor.policy import ImageFormat

if TYPE_CHECKING:
    from collections.abc import Callable

    from matrix.scene import Numbers


@dataclass(frozen=True)
class Input:
    """A file and what is known of it: the format of its output if none is asked for, and what stays as it is.

    `profile` is the colour profile that goes along to outputs that hold it; it `makes_profile` where one has to stand
    for what the file says in other words. `truth` are the numbers (0 to 1, sRGB)
    that must be seen where libvips is no judge of the input, `allowance` what is added to every bound where it
    decodes otherwise by right, and `why` says for what reason.
    """

    name: str
    make: Callable[[], bytes]
    auto: ImageFormat
    alpha: bool = False
    gray: bool = False
    profile: bytes | None = None
    makes_profile: bool = False
    allowance: float = 0.0
    truth: Callable[[], Numbers] | None = None
    why: str = ""


def all_inputs() -> list[Input]:
    """Return every input of the matrix."""
    from matrix import avifs_and_webps, bmps, gifs, jpegs, named_spaces, pngs, tiffs, turned

    modules = (jpegs, pngs, named_spaces, avifs_and_webps, gifs, bmps, tiffs, turned)
    return [one for module in modules for one in module.inputs()]
