from __future__ import annotations

import pytest

from imagebatch.database.engine import database_address
from imagebatch.model.errors import Misconfigured


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_a_url_of_postgres_when_read_names_psycopg2_as_its_driver(scheme: str) -> None:
    address = database_address(f"{scheme}://user:p%40ss@db.example:5433/images?sslmode=require")

    assert address.drivername == "postgresql+psycopg2"
    assert (address.password, address.port, address.query["sslmode"]) == ("p@ss", 5433, "require")


@pytest.mark.parametrize("url", ["", "sqlite:///secret.db", "user:secret@host", "postgresql://u:secret@h:port/x"])
def test_a_url_of_something_else_when_read_is_misconfigured_and_not_repeated(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        database_address(url)

    assert "secret" not in str(caught.value)
