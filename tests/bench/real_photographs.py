"""Real photographs in any size: thirteen of Debian's wallpapers, else scikit-learn's two samples, enlarged.

`hack/photographs.sh` fetches the first kind (1 to 16 megapixels) into the user's cache. They are only made smaller, so
that they have the detail of a camera's picture; nothing of them is stored in the repository.
"""

from __future__ import annotations

import math
import subprocess
import sys
from functools import cache
from pathlib import Path

from PIL import Image
from sklearn.datasets import load_sample_image
from support.pictures import encode

SCRIPT = Path(__file__).parents[2] / "hack" / "photographs.sh"
# Detail everywhere, an even sky, and a blurred background: what three kinds of photographs look like to an encoder.
OF_TWELVE_MEGAPIXELS = (
    "Dragonfly_by_Bolly.jpg",
    "sunset_by_Aitzol_Berasategi.jpg",
    "seeding_by_Clements_Engelhardt.jpg",
)
SAMPLES = ("china.jpg", "flower.jpg")
CAMERA_QUALITY = 90


@cache
def folder() -> Path | None:
    """Return where the wallpapers are; None where they cannot be had, which is said on standard error."""
    found = subprocess.run([SCRIPT], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode == 0:
        return Path(found.stdout.strip())
    print("real photographs are not to be had: scikit-learn's two samples, enlarged, take their place", file=sys.stderr)
    return None


def origin() -> str:
    """Return in words which photographs these are."""
    return "Debian's wallpapers" if folder() else "scikit-learn's samples, enlarged"


def names() -> tuple[str, ...]:
    """Return the names of all photographs."""
    found = folder()
    return tuple(sorted(file.name for file in found.glob("*.jpg"))) if found else SAMPLES


def large_names() -> tuple[str, ...]:
    """Return the names of those that have 12 megapixels of their own."""
    return OF_TWELVE_MEGAPIXELS if folder() else SAMPLES


def photograph(name: str, megapixels: float) -> Image.Image:
    """Return one in about that size (megapixels), proportions kept."""
    found = folder()
    picture = Image.open(found / name).convert("RGB") if found else Image.fromarray(load_sample_image(name))
    scale = math.sqrt(megapixels * 1e6 / (picture.width * picture.height))
    size = (round(picture.width * scale), round(picture.height * scale))
    return picture.resize(size, Image.Resampling.LANCZOS)


@cache
def camera_jpeg(name: str, megapixels: float) -> bytes:
    """Return one as the JPEG that cameras and shops write: 4:2:0, quality 90."""
    return encode(photograph(name, megapixels), "JPEG", quality=CAMERA_QUALITY, subsampling=2)
