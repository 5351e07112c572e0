"""The object graph of the API."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from imagebatch.database.row_registry import RowRegistry
from imagebatch.model.errors import Misconfigured
from imagebatch_api.app import create_app
from imagebatch_api.container import build_container

if TYPE_CHECKING:
    from imagebatch.database.row_registry import RowRegistry
    from imagebatch.settings import ApiSettings
from imagebatch_api.container import Container


def test_container_built_from_settings_connects_to_nothing(settings: ApiSettings) -> None:
    container = build_container(settings)
    assert isinstance(container.registry, RowRegistry)
    container.close()


def test_container_with_a_short_link_secret_is_misconfigured(settings: ApiSettings) -> None:
    weak = replace(settings, links=replace(settings.links, link_secret="short"))
    with pytest.raises(Misconfigured, match="IMAGEBATCH_LINK_SECRET"):
        build_container(weak)


def test_container_of_an_app_that_ends_is_closed(container: Container) -> None:
    closed: list[bool] = []
    app = create_app(replace(container, close=lambda: closed.append(True)))

    async def live() -> None:
        async with app.router.lifespan_context(app):
            assert closed == []

    asyncio.run(live())
    assert closed == [True]
