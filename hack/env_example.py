"""Writes .env.example from imagebatch.settings: every variable, what it is for, its default. `make fmt` runs it."""

from __future__ import annotations

import textwrap
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagebatch import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).resolve().parent.parent / ".env.example"
HEAD = """\
# Every setting, with its default. `make dev` and `make demo` need none of them.
# NAME_FILE instead of NAME names a file that holds the value, which is how secrets are mounted.
# Written by `make fmt` from core/imagebatch/settings.py; each program reads what it needs of it.
"""


def groups() -> Iterator[tuple[type[Any], list[Field[Any]]]]:
    """Yield the classes of settings in the order they are written, each with the variables of its own."""
    for cls in vars(settings).values():
        if isinstance(cls, type) and is_dataclass(cls) and cls.__module__ == settings.__name__:
            own = [each for each in fields(cls) if "help" in each.metadata]
            if own:
                yield cls, own


def entry(each: Field[Any]) -> str:
    """Return one variable with its comment."""
    value = "" if each.default is MISSING else each.default
    needed = " Needed." if each.default is MISSING else ""
    comment = textwrap.fill(each.metadata["help"] + needed, 110, initial_indent="# ", subsequent_indent="# ")
    return f"{comment}\n#{settings.PREFIX}{each.name.upper()}={value}\n"


def example() -> str:
    """Return the whole file. A variable that several programs read is listed once."""
    seen: set[str] = set()
    text = HEAD
    for cls, own in groups():
        new = [each for each in own if each.name not in seen]
        seen.update(each.name for each in new)
        text += f"\n# --- {(cls.__doc__ or '').splitlines()[0]}\n\n" + "".join(map(entry, new)) if new else ""
    return text


if __name__ == "__main__":
    EXAMPLE.write_text(example(), "utf-8")
