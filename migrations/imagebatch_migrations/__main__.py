"""`python -m imagebatch_migrations`: bring the database of IMAGEBATCH_DATABASE_URL to a revision, or name its own."""

from __future__ import annotations

import argparse
import os
import sys

from imagebatch.model.errors import ImageBatchError
from imagebatch.settings import DatabaseSettings, load
from imagebatch_migrations import EMPTY, current, downgrade, upgrade


def main() -> int:
    """Run one command; 1 with a sentence on stderr if it failed."""
    arguments = _parser().parse_args()
    try:
        print(_run(arguments, load(DatabaseSettings, os.environ).database_url))  # noqa: T201 - the answer
    except ImageBatchError as error:
        print(f"imagebatch_migrations: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _run(arguments: argparse.Namespace, url: str) -> str:
    if arguments.command == "upgrade":
        upgrade(url)
    elif arguments.command == "downgrade":
        downgrade(url, arguments.revision)
    return f"schema revision: {current(url) or EMPTY}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m imagebatch_migrations", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("upgrade", help="bring the schema to the newest revision (the default)")
    back = commands.add_parser("downgrade", help="take the schema back; what the newer tables hold is lost")
    back.add_argument("revision", metavar="REV", help=f"a revision, or `{EMPTY}` for an empty database")
    commands.add_parser("current", help="print the revision that the schema is at")
    parser.set_defaults(command="upgrade")
    return parser


if __name__ == "__main__":
    sys.exit(main())
