"""What is asked for in the matrix, and how far from the input the answer may be; docs/reference/images.md tells it."""

from __future__ import annotations

from dataclasses import dataclass, field

from imagebatch.model.batch import Metadata, OutputFormat, OutputOptions
from imagebatch_processor.policy import ImageFormat
from matrix.inputs import Input

HOLDS_ALPHA = (ImageFormat.PNG, ImageFormat.WEBP, ImageFormat.AVIF, ImageFormat.GIF)
# WebP knows no grayscale, and libvips reads that of AVIF as colour.
HOLDS_GRAY = (ImageFormat.JPEG, ImageFormat.PNG)

# Mean absolute difference of all pixels, of 255, at quality 50 and at 100: what the encoders do to these pictures,
# of which those in few colours are the hardest, and a little room. A wrong profile, gamma or ink makes 5 to 160.
MEAN_DIFFERENCE = {
    ImageFormat.JPEG: {50: 7.0, 100: 0.8},
    ImageFormat.PNG: {50: 4.5, 100: 0.5},
    ImageFormat.WEBP: {50: 5.5, 100: 3.5},
    ImageFormat.AVIF: {50: 5.0, 100: 3.0},
    ImageFormat.GIF: {50: 3.5, 100: 3.5},
}
ALPHA_DIFFERENCE = {50: 5.5, 100: 1.0}
RESAMPLING = 3.0  # added where two libraries' Lanczos filters made a picture smaller


@dataclass(frozen=True)
class Output:
    """One way to ask."""

    name: str
    options: OutputOptions = field(default_factory=OutputOptions)

    def format_of(self, one: Input) -> ImageFormat:
        """Return the format that must come out."""
        return one.auto if self.options.format is OutputFormat.AUTO else ImageFormat(self.options.format.value.upper())

    def profile_of(self, one: Input) -> bytes | None:
        """Return the profile that must be in the output: one for grayscale only where grayscale is held."""
        target = self.format_of(one)
        return None if target is ImageFormat.GIF or (one.gray and target not in HOLDS_GRAY) else one.profile

    def bound_of(self, one: Input) -> float:
        """Return the largest mean difference (of 255) that is right."""
        resampling = RESAMPLING if self.options.max_width else 0.0
        return MEAN_DIFFERENCE[self.format_of(one)][self.options.quality] + one.allowance + resampling


_FORMATS = (OutputFormat.JPEG, OutputFormat.PNG, OutputFormat.WEBP, OutputFormat.AVIF)
ENCODED = [
    Output(f"{wanted.value}-{quality}", OutputOptions(format=wanted, quality=quality, never_larger=False))
    for wanted in _FORMATS
    for quality in (50, 100)
]
AS_BY_DEFAULT = Output("default")
KEEPING = Output("keep", OutputOptions(metadata=Metadata.KEEP))
NARROW = Output("16-wide", OutputOptions(quality=100, max_width=16))
OUTPUTS = [AS_BY_DEFAULT, KEEPING, NARROW, *ENCODED]
