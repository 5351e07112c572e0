"""The database: Postgres through SQLAlchemy. `postgres.PostgresDatabase` is what programs put together."""
