"""What alembic runs for every command: the revisions, over the connection that the caller opened and locked."""

from __future__ import annotations

from alembic import context

from imagebatch.database.tables import Record


def run() -> None:
    """Run the command within the caller's transaction."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Record.metadata,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
