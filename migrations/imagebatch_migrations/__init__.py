"""The database schema, as alembic revisions. `python -m imagebatch_migrations` brings it to the newest."""
