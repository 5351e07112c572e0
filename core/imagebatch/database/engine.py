"""Connections to Postgres, and the one place where its errors become ours. Used by this package and the migrations."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import errors
from sqlalchemy import NullPool, create_engine, exc, make_url

from imagebatch.model.errors import Conflict, Misconfigured, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Engine

    from imagebatch.database.watch import SilenceWatch
    from imagebatch.settings import DatabaseSettings

DEPENDENCY = "database"
CONNECT_SECONDS = 5
STATEMENT_SECONDS = 30
# The server ends a statement before we give the server up; one over all rows of a large batch may take longer.
SILENCE_SECONDS = STATEMENT_SECONDS + 5.0
BULK_SILENCE_SECONDS = 300.0
POOL_WAIT_SECONDS = 10.0
OVERFLOW = 10
RECYCLE_SECONDS = 1_800

# A peer that vanished without a word is noticed after about half a minute, in a read as in a write.
KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


def pooled_engine(settings: DatabaseSettings, watch: SilenceWatch) -> Engine:
    """Return an engine that keeps `database_pool_size` connections. Raises Misconfigured for an unreadable URL."""
    return create_engine(
        database_address(settings.database_url),
        pool_size=settings.database_pool_size,
        max_overflow=OVERFLOW,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_pre_ping=True,
        pool_recycle=RECYCLE_SECONDS,
        hide_parameters=True,
        connect_args=_connect_arguments(STATEMENT_SECONDS, watch),
    )


def unpooled_engine(database_url: str, watch: SilenceWatch | None = None) -> Engine:
    """Return an engine whose connections are closed after use. Without a watch no statement has a limit of time."""
    address = database_address(database_url)
    arguments = _connect_arguments(0 if watch is None else STATEMENT_SECONDS, watch)
    return create_engine(address, poolclass=NullPool, hide_parameters=True, connect_args=arguments)


def database_address(database_url: str) -> URL:
    """Return a libpq URL as SQLAlchemy's. Raises Misconfigured without repeating it: it holds a password."""
    try:
        url = make_url(database_url)
    except (exc.ArgumentError, ValueError):
        url = None
    if url is None or url.get_backend_name() not in ("postgresql", "postgres"):
        raise Misconfigured("IMAGEBATCH_DATABASE_URL is no postgresql://user:password@host:port/name")
    return url.set(drivername="postgresql+psycopg2")


@contextmanager
def translated() -> Iterator[None]:
    """Raise what the database said as one of our errors, with the original as its cause."""
    try:
        yield
    except (exc.IntegrityError, psycopg2.IntegrityError) as error:
        raise Conflict("the database refused a change that breaks its rules") from error
    except (exc.OperationalError, psycopg2.OperationalError) as error:
        raise _unavailable() from error
    except (exc.InterfaceError, psycopg2.InterfaceError, exc.TimeoutError) as error:
        raise _unavailable() from error
    except exc.DBAPIError as error:
        if error.connection_invalidated:
            raise _unavailable() from error
        if isinstance(error.orig, errors.UndefinedTable | errors.UndefinedColumn):
            raise Unavailable("the database does not have the schema that is needed", dependency=DEPENDENCY) from error
        raise
    except psycopg2.DatabaseError as error:
        if error.pgcode is None:  # the server did not say it: the connection broke while rows were copied
            raise _unavailable() from error
        raise


def _unavailable() -> Unavailable:
    return Unavailable("the database does not answer now", dependency=DEPENDENCY)


def _connect_arguments(statement_seconds: int, watch: SilenceWatch | None) -> dict[str, object]:
    options = {
        "timezone": "UTC",
        "statement_timeout": f"{statement_seconds}s",
        "idle_in_transaction_session_timeout": "5min",
    }
    as_flags = " ".join(f"-c {name}={value}" for name, value in options.items())
    factory = {} if watch is None else {"connection_factory": watch.connected}
    arguments = {"connect_timeout": CONNECT_SECONDS, "application_name": "imagebatch", "options": as_flags}
    return {**arguments, **KEEPALIVE, **factory}
