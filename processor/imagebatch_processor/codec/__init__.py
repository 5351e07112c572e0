"""Pictures re-encoded with Pillow, which is imported in this package only. It runs in the pool's child processes.

One call at a time per process: warning filters are the process's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PIL import AvifImagePlugin, _imaging

from imagebatch.model.batch import Metadata
from imagebatch.model.errors import ImageRejected
from imagebatch_processor.codec import appearance, colour_space, decoding, metadata, reading, writing
from imagebatch_processor.policy import (
    Compressed,
    ImageFormat,
    ImageLimits,
    Picture,
    Plan,
    fitted,
    plan,
    target_format,
)
from imagebatch_processor.segments import stripped

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image, ImageFile

    from imagebatch.model.batch import OutputOptions


def keep_pixel_memory(blocks: int) -> None:
    """Let Pillow keep up to `blocks` × 16 MiB between pictures: half of its time goes into fresh pages otherwise."""
    _imaging.set_blocks_max(blocks)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # the pool has a process per processor already


def compress(
    data: bytes,
    options: OutputOptions,
    limits: ImageLimits,
    before_decoding: Callable[[int], None] | None = None,
) -> Compressed:
    """Return the picture re-encoded as `options` say.

    The same input gives the same bytes, but for an AVIF in motion, where libavif writes the time of its making.
    `before_decoding` is called once with the peak memory (bytes) that this may take, after the header was
    read and checked, before any pixel is decoded. Raises `ImageRejected`: too_large, not_an_image,
    unsupported_format, too_many_pixels, too_many_frames, truncated, corrupt, out_of_memory.
    """
    with reading.open_picture(data, limits) as image:
        picture = reading.describe(image, data, limits)
        planned = plan(picture, options, limits)
        if before_decoding is not None:
            before_decoding(planned.memory_bytes)
        try:
            if planned.animated:
                return _animation(image, data, picture, planned, options)
            return _still(image, data, picture, planned, options)
        except MemoryError as error:
            raise reading.out_of_memory() from error


def _still(
    image: ImageFile.ImageFile, data: bytes, picture: Picture, planned: Plan, options: OutputOptions
) -> Compressed:
    """Re-encode one picture: the first, where the target cannot hold several."""
    with reading.refusals(data, picture.format):
        reading.decode_smaller(image, options)
        decoded = decoding.decoded(image)
        colour_space.state_profile(decoded, data, picture.format)
        planned = _without_needless_alpha(decoded, picture, planned, options)
        info = dict(decoded.info)
        orientation = 1 if picture.format is ImageFormat.TIFF else metadata.orientation(metadata.read_exif(info))
        shown = _turned((picture.width, picture.height), orientation)
        size = fitted(*shown, options)
        look = appearance.in_target_colours(decoded, planned.format, lossless=options.quality == 100)
        _let_go_of(image, decoded, but=look.image)
        in_size = appearance.resized(look.image, _turned(size, orientation))
        _let_go_of(look.image, but=in_size)
        final = appearance.upright(in_size, orientation)
        _let_go_of(in_size, but=final)
    if picture.format is ImageFormat.TIFF and options.metadata is Metadata.KEEP:
        info["exif"] = metadata.tiff_exif(image)
    carried = _carried(info, data, picture, planned, options)
    dpi = metadata.resolution(info, turned=orientation >= 5)
    extras = writing.extra_arguments(planned.format, look.profile, dpi, carried)
    encoded = writing.encode(final, planned.format, options.quality, extras)
    cropped = picture.coded_pixels > picture.pixels
    untouched = orientation == 1 and not cropped and not look.converted and not carried.changed
    return _finished(encoded, data, picture, shown, size, planned, options, untouched=untouched)


def _without_needless_alpha(decoded: Image.Image, picture: Picture, planned: Plan, options: OutputOptions) -> Plan:
    """Return the plan, of another format where it was made for alpha and the alpha turns out to hide nothing."""
    target = target_format(replace(picture, has_alpha=False), options.format)
    if target is planned.format or not appearance.hides_nothing(decoded):
        return planned
    return replace(planned, format=target)


def _let_go_of(*pictures: Image.Image, but: Image.Image) -> None:
    """Give back the pixels that another picture was made of: encoders need the memory."""
    for picture in pictures:
        if picture is not but:
            picture.close()


def _turned(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return width and height, exchanged where the orientation (1-8) turns by 90 degrees."""
    return size[::-1] if orientation >= 5 else size


def _animation(
    image: ImageFile.ImageFile, data: bytes, picture: Picture, planned: Plan, options: OutputOptions
) -> Compressed:
    """Re-encode all frames, each as it is shown, with their times and the number of rounds."""
    frames: list[Image.Image] = []
    durations: list[int] = []
    profile = None
    stored = (picture.width, picture.height)
    orientation = metadata.orientation(metadata.read_exif(image.info))
    shown = _turned(stored, orientation)
    size = fitted(*shown, options)
    with reading.refusals(data, picture.format):
        hidden = 1 if picture.format is ImageFormat.PNG and image.info.get("default_image") else 0
        for index in range(hidden, picture.frames):
            decoding.turn_to(image, index)
            frame = decoding.decoded(image, stored).copy()
            colour_space.state_profile(frame, data, picture.format)
            look = appearance.in_target_colours(frame, planned.format, lossless=True)
            profile = look.profile
            upright = appearance.upright(appearance.resized(look.image, _turned(size, orientation)), orientation)
            frames.append(upright)
            durations.append(round(image.info.get("duration", 0)))
    info = dict(image.info)
    carried = _carried(info, data, picture, planned, options)
    extras = writing.extra_arguments(planned.format, profile, {}, carried) | _rounds(info, picture, planned)
    untouched = orientation == 1 and not look.converted and not carried.changed
    encoded = writing.encode_animation(_alike(frames), durations, planned.format, options.quality, extras)
    return _finished(encoded, data, picture, shown, size, planned, options, untouched=untouched)


def _alike(frames: list[Image.Image]) -> list[Image.Image]:
    """Return the frames in one mode: encoders of animations take the first frame's for all."""
    if len({frame.mode for frame in frames}) == 1 and frames[0].mode != "P":
        return frames
    mode = "RGBA" if any(frame.has_transparency_data for frame in frames) else "RGB"
    return [frame.convert(mode) for frame in frames]


def _rounds(info: dict[str | tuple[int, int], object], picture: Picture, planned: Plan) -> dict[str, object]:
    """Return the `loop` argument: how often an animation is shown, 0 for ever; a GIF that says nothing, once."""
    if planned.format is ImageFormat.AVIF:
        return {}
    if picture.format is ImageFormat.GIF and "loop" not in info:
        return {} if planned.format is ImageFormat.GIF else {"loop": 1}
    return {"loop": info.get("loop", 0)}


def _carried(
    info: dict[str | tuple[int, int], object], data: bytes, picture: Picture, planned: Plan, options: OutputOptions
) -> metadata.Carried:
    if options.metadata is Metadata.STRIP:
        return metadata.Carried()
    return metadata.carried(info, data, picture.format, planned.format)


def _finished(
    encoded: bytes,
    data: bytes,
    picture: Picture,
    shown: tuple[int, int],
    size: tuple[int, int],
    planned: Plan,
    options: OutputOptions,
    *,
    untouched: bool,
) -> Compressed:
    """Return the new file, or the original without its metadata where that is smaller and looks the same."""
    original = None
    if untouched and options.never_larger and planned.format is picture.format and size == shown:
        original = stripped(picture.format, data, keep_exif_and_xmp=options.metadata is Metadata.KEEP)
    kept = original is not None and len(original) <= len(encoded)
    return Compressed(
        data=original if original is not None and kept else encoded,
        format=planned.format,
        width=size[0],
        height=size[1],
        input_format=picture.format,
        input_width=shown[0],
        input_height=shown[1],
        quality=options.quality,
        kept_original=kept,
    )


__all__ = ["Compressed", "ImageRejected", "compress", "keep_pixel_memory"]
