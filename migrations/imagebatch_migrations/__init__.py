"""The database schema, as alembic revisions. `python -m imagebatch_migrations` brings it to the newest.

Called by embedded mode and by deployments before the programs start; several may do so at once.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import func, select

from imagebatch.database.engine import translated, unpooled_engine
from imagebatch.database.tables import SCHEMA_REVISION, has_our_schema
from imagebatch.model.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

NEWEST = "head"
EMPTY = "base"
LOCK = 0x1_4D16_B47C  # any number that nobody else uses for an advisory lock in this database

log = logging.getLogger(__name__)


def upgrade(url: str, revision: str = NEWEST) -> None:
    """Bring the schema to a revision, in one transaction.

    To the newest: one that a newer program made is left as it is, so that images can be rolled back.

    Raises Unavailable when the database does not answer, Misconfigured for a revision, its own or the wanted one,
    that is not among ours.
    """
    with _locked(url) as connection:
        at = _revision_of(connection)
        if revision == NEWEST and at != SCHEMA_REVISION and has_our_schema(at):
            log.warning("the schema is at %s, newer than %s: nothing is changed", at, SCHEMA_REVISION)
            return
        command.upgrade(alembic_config(connection), revision)


def downgrade(url: str, revision: str) -> None:
    """Take the schema back to a revision (`base`: no table is left), in one transaction. Raises as `upgrade`."""
    with _locked(url) as connection:
        command.downgrade(alembic_config(connection), revision)


def current(url: str) -> str | None:
    """Return the revision that the schema is at, None before the first. Raises Unavailable."""
    with _locked(url) as connection:
        return _revision_of(connection)


def _revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def alembic_config(connection: Connection | None = None) -> Config:
    """Return alembic's configuration; nothing is read from a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _locked(url: str) -> Iterator[Connection]:
    engine = unpooled_engine(url)
    try:
        with translated(), engine.begin() as connection:
            connection.execute(select(func.pg_advisory_xact_lock(LOCK)))
            yield connection
    except CommandError as error:
        raise Misconfigured(f"the database schema cannot be changed: {error}") from error
