"""Everything that the demo saw of one batch: gathered from the service over HTTP, checked and shown by others."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from imagebatch_cli.result_files import csv_rows, image_name, save_files, save_images

if TYPE_CHECKING:
    from pathlib import Path

    from imagebatch_cli.batch_status import BatchStatus
    from imagebatch_cli.options import Call
    from imagebatch_cli.webhook_receiver import ReceivedDelivery
    from imagebatch_embedded.demo.pictures import Look


@dataclass(frozen=True, slots=True)
class Seen:
    """One batch at its end. `looks` holds what the downloaded output of each input URL is."""

    batch: BatchStatus
    uploaded: list[list[str]]
    output: list[list[str]]
    errors: list[list[str]]
    images: list[dict[str, Any]]
    looks: dict[str, Look] = field(default_factory=dict)
    deliveries: list[ReceivedDelivery] = field(default_factory=list)

    @property
    def compressed(self) -> list[dict[str, Any]]:
        """The distinct images that have an output."""
        return [image for image in self.images if image.get("output_url")]

    @property
    def refused(self) -> list[dict[str, Any]]:
        """The distinct images that have none."""
        return [image for image in self.images if not image.get("output_url")]


def gather(call: Call, batch: BatchStatus, uploaded: bytes, folder: Path, deliveries: list[ReceivedDelivery]) -> Seen:
    """Download everything into `folder` and return what it is."""
    from imagebatch_embedded.demo.pictures import look

    output, errors, report = save_files(call.client, batch, folder)
    told = json.loads(report.read_bytes())
    save_images(call, told, folder / "images")
    looks: dict[str, Look] = {}
    for image in told["images"]:
        if image.get("output_url"):
            with suppress(OSError):  # not there, or no picture: it is then missing in `looks`
                looks[image["url"]] = look((folder / "images" / image_name(image)).read_bytes())
    return Seen(
        batch=batch,
        uploaded=list(csv_rows(uploaded)),
        output=list(csv_rows(output.read_bytes())),
        errors=list(csv_rows(errors.read_bytes())),
        images=told["images"],
        looks=looks,
        deliveries=list(deliveries),
    )
