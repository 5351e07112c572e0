"""The plan of a batch: distinct images with their slots, and the shards as byte ranges. Pure; made by intake once.

`images.jsonl` has one line per distinct URL in the order of first use; `plan.json` has everything else a shard needs.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from imagebatch.model.batch import BatchSpec, OutputOptions
from imagebatch.model.sharding import ShardRange, cut, images_per_shard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Slot = tuple[int, int]  # row (0-based, file order), position in the row's list (0-based)

PLAN_VERSION = 1


@dataclass(frozen=True, slots=True)
class Image:
    """A distinct URL and every slot of the output that shows it, in order."""

    index: int
    url: str
    slots: tuple[Slot, ...]

    def to_line(self) -> bytes:
        """Return the image as a line of images.jsonl, newline included."""
        # Put together by hand: an encoder for each of 150,000 lines would take most of the time of an upload.
        slots = ",".join([f"[{row},{position}]" for row, position in self.slots])
        return f'{{"index":{self.index},"url":{encode_basestring(self.url)},"slots":[{slots}]}}\n'.encode()

    @classmethod
    def from_line(cls, line: bytes) -> Image:
        """Read what `to_line` wrote."""
        return cls.from_json(json.loads(line))

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Image:
        """Read the data of a line."""
        return cls(data["index"], data["url"], tuple((row, position) for row, position in data["slots"]))


@dataclass(frozen=True, slots=True)
class Reused:
    """What a retry keeps of its parents: slots that succeeded, and the bytes of their distinct images."""

    slots: int
    bytes_in: int
    bytes_out: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to do: `images` distinct URLs, cut into `shards`; `slots` counts the whole output.

    A retry's plan holds its parent's failed images only, under their numbers there; `reused` sums up the others.
    """

    request_id: str
    images: int
    slots: int
    output: OutputOptions
    shards: tuple[ShardRange, ...]
    reused: Reused | None = None

    def to_json(self) -> bytes:
        """Return plan.json."""
        data = {
            "version": PLAN_VERSION,
            "request_id": self.request_id,
            "images": self.images,
            "slots": self.slots,
            "output": self.output.to_json(),
            "shards": [
                {"first": s.first, "count": s.count, "offset": s.offset, "length": s.length} for s in self.shards
            ],
            **({"reused": asdict(self.reused)} if self.reused else {}),
        }
        return json.dumps(data, indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Plan:
        """Read plan.json. Raises ValueError or KeyError when it is not one."""
        plain: dict[str, Any] = json.loads(data)
        if plain["version"] != PLAN_VERSION:
            raise ValueError(f"plan version {plain['version']} is not {PLAN_VERSION}")
        shards = tuple(ShardRange(index=n, **shard) for n, shard in enumerate(plain["shards"]))
        output = OutputOptions.from_json(plain["output"])
        reused = Reused(**plain["reused"]) if "reused" in plain else None
        return cls(plain["request_id"], plain["images"], plain["slots"], output, shards, reused)


def distinct_images(url_lists: Iterable[Sequence[str]]) -> Iterator[Image]:
    """Yield each URL once, in the order of first use, with all its slots. One URL list per row."""
    slots_by_url: dict[str, list[Slot]] = {}
    for row, urls in enumerate(url_lists):
        for position, url in enumerate(urls):
            slots_by_url.setdefault(url, []).append((row, position))
    for index, (url, slots) in enumerate(slots_by_url.items()):
        yield Image(index, url, tuple(slots))


def make_plan(request_id: str, lines: Sequence[bytes], slots: int, spec: BatchSpec) -> Plan:
    """Return the plan for the images whose lines of images.jsonl are `lines`, in `slots` slots of the output."""
    per_shard = images_per_shard(len(lines), spec.parallelism, spec.images_per_shard)
    shards = tuple(cut([len(line) for line in lines], per_shard))
    return Plan(request_id, len(lines), slots, spec.output, shards)


def read_images(data: bytes) -> Iterator[Image]:
    """Yield the images of images.jsonl or of a shard's byte range of it."""
    for line in data.splitlines():
        yield Image.from_line(line)
