"""Prints what the demo saw: a line an image, the output CSV's first lines, where everything is, the last line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagebatch_cli.result_files import image_name
from imagebatch_cli.terminal import size

if TYPE_CHECKING:
    from pathlib import Path

    from imagebatch_cli.demo.seen import Seen
    from imagebatch_cli.terminal import Terminal

MOST_IMAGES = 60
CSV_LINES = 4
HEADER = ("Input", "Output", "Before", "After", "Saved")


def tell(seen: Seen, folder: Path, data: Path, terminal: Terminal) -> None:
    """Print everything but the last line. `folder` holds the results, `data` the installation."""
    terminal.line("")
    terminal.table(HEADER, [_row(image) for image in seen.images[:MOST_IMAGES]], right=HEADER[2:])
    if len(seen.images) > MOST_IMAGES:
        terminal.line(f"… and {len(seen.images) - MOST_IMAGES} more in {folder / 'report.json'}")
    terminal.line("")
    terminal.line(f"{folder / 'output.csv'} begins:")
    with (folder / "output.csv").open("rb") as output:
        for line in output.read().decode("utf-8-sig").splitlines()[:CSV_LINES]:
            terminal.line(f"  {line}")
    terminal.line("")
    terminal.line(f"Outputs          {folder / 'images'}")
    terminal.line(f"Results          {folder / 'output.csv'}, errors.csv, report.json")
    terminal.line(f"Data and logs    {data}, {data / 'logs'}")
    terminal.line(f"To open the links in output.csv, start the service again: imagebatch dev --data {data}")
    terminal.line("")


def last_line(seen: Seen) -> str:
    """Return the demo's last line; both counts are of distinct images."""
    return (
        f"demo: {len(seen.compressed)} images compressed, {len(seen.refused)} refused as expected, "
        f"saved {seen.batch.saved_percent} %, webhook verified"
    )


def _row(image: dict[str, Any]) -> tuple[str, str, str, str, str]:
    name = str(image["url"]).rpartition("/")[2] or str(image["url"])
    if not image.get("output_url"):
        return name, str(image["code"]), size(image.get("bytes_in")), "", ""
    before, after = image["bytes_in"], image["bytes_out"]
    return name, image_name(image), size(before), size(after), f"{round(100 * (before - after) / before)} %"
