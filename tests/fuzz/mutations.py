"""Files made from sound ones by one to four changes, the same at every run of the same seed and number."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise

from fuzz.seeds import format_of, seeds
from fuzz.structure import Field, structure_of, with_checksums

from imagebatch.model.batch import Metadata, OutputFormat, OutputOptions

LARGEST_BYTES = 4 * 1024 * 1024
SIDES = (0, 1, 2, 3, 255, 256, 1000, 4096, 7071, 16_383, 16_384, 16_385, 32_767, 65_535, 100_000, 2**31 - 1, 2**32 - 1)
NUMBERS = (0, 1, 2, 3, 4, 7, 8, 12, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
WHOLE_SHARE = 0.02  # of the files stay as they are: they must come out


@dataclass(frozen=True)
class Mutant:
    """A file to be tried: which one it is, from which seed, what was done to it, and what is asked for."""

    number: int
    seed_name: str
    changes: tuple[str, ...]
    data: bytes
    options: OutputOptions

    @property
    def format(self) -> str:
        """The format of the seed."""
        return format_of(self.seed_name)


def mutant(seed: int, number: int) -> Mutant:
    """Return file `number` of the run that `seed` begins."""
    chance = random.Random(f"{seed}:{number}")
    formats = sorted({format_of(name) for name in seeds()})
    kind = formats[number % len(formats)]
    name = chance.choice([name for name in seeds() if format_of(name) == kind])
    data, changes = seeds()[name], []
    if chance.random() >= WHOLE_SHARE:
        for _ in range(chance.choice((1, 1, 2, 3, 4))):
            change = chance.choice(_CHANGES)
            data = change(data, chance)[:LARGEST_BYTES]
            changes.append(change.__name__.strip("_"))
        if chance.random() < 0.8:
            data = with_checksums(data)
    return Mutant(number, name, tuple(changes), data, _options(chance))


def _options(chance: random.Random) -> OutputOptions:
    bound = chance.choice((None, None, None, 1, 33, 16_384))
    return OutputOptions(
        format=chance.choice((OutputFormat.AUTO, *OutputFormat)),
        quality=chance.choice((1, 50, 50, 89, 90, 100, chance.randint(1, 100))),
        max_width=bound,
        max_height=chance.choice((None, bound)),
        metadata=chance.choice(tuple(Metadata)),
        never_larger=chance.random() < 0.7,
    )


def _flip_bits(data: bytes, chance: random.Random) -> bytes:
    file = bytearray(data)
    end = min(len(file), 600) if chance.random() < 0.5 else len(file)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        if end:
            file[chance.randrange(end)] ^= 1 << chance.randrange(8)
    return bytes(file)


def _set_number(data: bytes, chance: random.Random) -> bytes:
    return _put(data, chance.choice(structure_of(data).fields or [Field(0, 1)]), chance.choice(NUMBERS))


def _nudge_number(data: bytes, chance: random.Random) -> bytes:
    field = chance.choice(structure_of(data).fields or [Field(0, 1)])
    old = int.from_bytes(data[field.offset : field.offset + field.size], _order(field))
    return _put(data, field, old + chance.choice((-2, -1, 1, 2, 16)))


def _set_sides(data: bytes, chance: random.Random) -> bytes:
    """Announce another size, in one place or in all of them."""
    sides = structure_of(data).sides
    if not sides:
        return _set_number(data, chance)
    width, height = chance.choice(SIDES), chance.choice(SIDES)
    for number, field in enumerate(sides if chance.random() < 0.5 else [chance.choice(sides)]):
        data = _put(data, field, height if number % 2 else width)
    return data


def _cut(data: bytes, chance: random.Random) -> bytes:
    places = structure_of(data).cuts if chance.random() < 0.3 else [chance.randrange(len(data) + 1)]
    return data[: chance.choice(places)]


def _drop_part(data: bytes, chance: random.Random) -> bytes:
    start, end = chance.choice(_parts(data))
    return data[:start] + data[end:]


def _repeat_part(data: bytes, chance: random.Random) -> bytes:
    start, end = chance.choice(_parts(data))
    times = chance.choice((1, 2, 50, 1000))
    return data[:start] + data[start:end] * min(times, LARGEST_BYTES // (end - start + 1)) + data[start:]


def _exchange_parts(data: bytes, chance: random.Random) -> bytes:
    parts = _parts(data)
    (a, b), (c, d) = sorted((chance.choice(parts), chance.choice(parts)))
    return data if b > c else data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _splice(data: bytes, chance: random.Random) -> bytes:
    """Join the beginning of this file and the end of another, most often of the same format."""
    mine = [each for each in seeds().values() if each[:2] == data[:2]]
    other = chance.choice(mine if mine and chance.random() < 0.7 else list(seeds().values()))
    return data[: chance.choice(structure_of(data).cuts)] + other[chance.choice(structure_of(other).cuts) :]


def _insert(data: bytes, chance: random.Random) -> bytes:
    count = chance.choice((1, 2, 16, 1000, 100_000))
    filling = chance.randbytes(count) if chance.random() < 0.5 else bytes([chance.choice((0, 0x3B, 0xFF))]) * count
    position = chance.choice((*structure_of(data).cuts, chance.randrange(len(data) + 1)))
    return data[:position] + filling + data[position:]


def _overwrite(data: bytes, chance: random.Random) -> bytes:
    position, count = chance.randrange(len(data) + 1), chance.choice((1, 4, 16, 64, 1000))
    return data[:position] + chance.randbytes(count) + data[position + count :]


_CHANGES = (
    _flip_bits, _flip_bits, _set_number, _set_number, _nudge_number, _set_sides, _cut, _drop_part, _repeat_part,
    _exchange_parts, _splice, _insert, _overwrite,
)  # fmt: skip


def _parts(data: bytes) -> list[tuple[int, int]]:
    return list(pairwise(structure_of(data).cuts)) or [(0, len(data))]


def _order(field: Field) -> str:
    return field.order


def _put(data: bytes, field: Field, number: int) -> bytes:
    value = (number % (1 << 8 * field.size)).to_bytes(field.size, _order(field))  # type: ignore[arg-type]  # "big" or "little"
    return (data[: field.offset] + value + data[field.offset + field.size :])[: max(len(data), 1)]
