"""All parts of the database over one pool of connections. Made once by each program that needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagebatch.database.archive import PostgresArchive
from imagebatch.database.batches import PostgresBatches
from imagebatch.database.deliveries import PostgresDeliveries
from imagebatch.database.engine import BULK_SILENCE_SECONDS, SILENCE_SECONDS, pooled_engine, unpooled_engine
from imagebatch.database.listings import PostgresListings
from imagebatch.database.wakeups import WakeUps
from imagebatch.database.watch import SilenceWatch

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from imagebatch.settings import DatabaseSettings


class PostgresDatabase:
    """`batches`, `listings`, `archive` and `deliveries`, usable by many threads.

    Connects at the first call; `close` ends every connection. A server that says nothing for `silence_seconds` within
    a call, or `bulk_silence_seconds` within one that writes rows of files, counts as unavailable.
    Raises Misconfigured when the URL cannot be read.
    """

    def __init__(
        self,
        settings: DatabaseSettings,
        *,
        silence_seconds: float = SILENCE_SECONDS,
        bulk_silence_seconds: float = BULK_SILENCE_SECONDS,
    ) -> None:
        self._watch = SilenceWatch(silence_seconds, bulk_silence_seconds)
        self._engine = pooled_engine(settings, self._watch)
        self._session_engine = unpooled_engine(settings.database_url, self._watch)
        self._wake_ups = WakeUps(self._session_engine)
        self.batches = PostgresBatches(self._engine, self._session_engine, self._wake_ups)
        self.listings = PostgresListings(self._engine)
        self.archive = PostgresArchive(self._engine)
        self.deliveries = PostgresDeliveries(self._engine)

    def close(self) -> None:
        """Close the connections. A wait for word that is going on ends first."""
        self._wake_ups.close()
        self._engine.dispose()
        self._watch.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
