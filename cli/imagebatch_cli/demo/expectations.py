"""Compares what the demo saw with what must come of the sample pictures. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imagebatch_cli.demo.seen import Seen
    from imagebatch_embedded.demo.catalogue import Sample

OUTPUT_COLUMN = "Output Image Urls"
URLS, OUTPUTS = 2, 3  # columns of the sample's output CSV


def unmet(seen: Seen, samples: Mapping[str, Sample]) -> list[str]:
    """Return a sentence for everything that is not as it must be; `samples` by their URL."""
    return [
        *_status(seen),
        *_images(seen, samples),
        *_rows(seen, samples),
        *_errors(seen, samples),
        *unmet_by_any(seen),
    ]


def unmet_by_any(seen: Seen) -> list[str]:
    """Return the same for what holds for every batch, whatever its images: outputs can be opened, one webhook came."""
    lost = [image["url"] for image in seen.compressed if image["url"] not in seen.looks]
    return [*(f"the output of {url} cannot be opened" for url in lost), *_webhook(seen)]


def _webhook(seen: Seen) -> Iterator[str]:
    """Yield what is wrong with the webhook: it must have come once, verified, and tell of this batch's end."""
    if len(seen.deliveries) != 1:
        yield f"{len(seen.deliveries)} webhooks came, not one"
    for delivery in seen.deliveries:
        if not delivery.verified:
            yield f"the webhook's signature does not hold: {delivery.fault}"
        body = delivery.body or {}
        for name in ("request_id", "status", "reason", "counts", "result_url"):
            if delivery.verified and body.get(name) != seen.batch.answer[name]:
                yield f"the webhook's {name} is {body.get(name)!r}, the status says {seen.batch.answer[name]!r}"


def _status(seen: Seen) -> Iterator[str]:
    wanted = ("Completed", "PartiallySucceeded")
    if (seen.batch.word, seen.batch.answer["reason"]) != wanted:
        yield f"the batch is {seen.batch.word} ({seen.batch.answer['reason']}), not {wanted[0]} ({wanted[1]})"
    if seen.batch.count("pending"):
        yield f"{seen.batch.count('pending')} images are still pending"
    if seen.batch.bytes("saved") <= 0:
        yield "nothing was saved"


def _images(seen: Seen, samples: Mapping[str, Sample]) -> Iterator[str]:
    """Compare each distinct image's end, and the file itself: format, upright size, transparency, frames."""
    ends = {image["url"]: image for image in seen.images}
    if ends.keys() != samples.keys():
        yield f"the report tells of other images: {sorted(ends.keys() ^ samples.keys())}"
    for url, sample in samples.items():
        end = ends.get(url)
        if end is None:
            continue
        if end.get("code") != sample.code:
            yield f"{sample.name} ended with {end.get('code') or 'an output'}, not {sample.code or 'an output'}"
        elif seen.looks.get(url) != sample.look:
            yield f"{sample.name} came out as {seen.looks.get(url)}, not {sample.look}"
        elif sample.look and end["bytes_out"] > end["bytes_in"]:
            yield f"{sample.name} has grown from {end['bytes_in']} to {end['bytes_out']} bytes"


def _rows(seen: Seen, samples: Mapping[str, Sample]) -> Iterator[str]:
    """Compare the output CSV: the same rows in the same order, a slot for each URL, one output for one URL."""
    if seen.output[0] != [*seen.uploaded[0], OUTPUT_COLUMN]:
        yield f"the output's columns are {seen.output[0]}"
    if [row[:OUTPUTS] for row in seen.output] != seen.uploaded:
        yield "the output's rows are not those of the upload, in their order"
    outputs: dict[str, str] = {}
    for row in seen.output[1:]:
        urls, slots = [url.strip() for url in row[URLS].split(",")], row[OUTPUTS].split(",")
        if len(slots) != len(urls):
            yield f"row {row[0]} has {len(slots)} slots for {len(urls)} images"
        for url, slot in zip(urls, slots, strict=False):
            if bool(slot) != (url in samples and samples[url].look is not None):
                yield f"row {row[0]}: the slot of {url} is {slot or 'empty'}"
            if outputs.setdefault(url, slot) != slot:
                yield f"{url} has two outputs: {outputs[url]} and {slot}"


def _errors(seen: Seen, samples: Mapping[str, Sample]) -> Iterator[str]:
    told = sorted((row[3], row[4]) for row in seen.errors[1:])
    wanted = sorted((url, sample.code) for url, sample in samples.items() if sample.code)
    if told != wanted:
        yield f"errors.csv tells of {told}, not of {wanted}"
