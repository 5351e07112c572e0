"""A request followed to its end by looks that are far enough apart to cost nothing that matters."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from support.service import FINAL

if TYPE_CHECKING:
    from support.service import Service


def follow(service: Service, request_id: str, look_seconds: float) -> None:
    """Return when the request is Completed and every image succeeded."""
    while (status := service.status(request_id))["status"] not in FINAL:
        time.sleep(look_seconds)
    assert status["reason"] == "AllSucceeded", status
