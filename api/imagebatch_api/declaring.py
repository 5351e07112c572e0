"""What was accepted is declared on the cluster while the answer goes out. Called by the routes that accept.

Nobody waits for it: the operator, which the commit woke, declares what has no resource yet.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from imagebatch.intake import declare

if TYPE_CHECKING:
    from imagebatch_api.container import Container


def begin_to_declare(container: Container, request_id: str) -> None:
    """Have a request declared that was accepted, if it is to have a resource; a failure is logged."""
    if container.registry.place(request_id) is None:
        return
    work = partial(declare, request_id, container.batches, container.registry)
    container.registry_calls.begin(work, f"request {request_id} is accepted but not declared yet")
