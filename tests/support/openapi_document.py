"""Holds a running service to its OpenAPI document with schemathesis: every answer is one that it describes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

TIMEOUT_SECONDS = 20.0
SEED = 4


@dataclass(frozen=True)
class Asked:
    """A service to be asked about requests that have ended: `kept`, and `deleted`, which only deletion is tried on.

    `headers` hold an API key; without one the service must need none.
    """

    api_url: str
    kept: str
    deleted: str
    headers: Mapping[str, str] = field(default_factory=dict)


def hold_to_its_document(service: Asked, examples: int) -> list[str]:
    """Send `examples` made-up requests to every operation, the same ones every time; return the operations' names."""
    keys_are_ours = GenerationConfig(with_security_parameters=False)
    config = SchemathesisConfig(projects=ProjectsConfig(default=ProjectConfig(generation=keys_are_ours)))
    document = schemathesis.openapi.from_url(f"{service.api_url}/openapi.json", config=config)
    operations = [found.ok() for found in document.get_all_operations()]
    for operation in operations:
        _hold(operation, service, examples)
    return [operation.label for operation in operations]


def _hold(operation: APIOperation, service: Asked, examples: int) -> None:
    """Ask one operation."""
    # What is no CSV, or no page token of ours, is refused though its type is right: no schema can say more.
    excluded = [positive_data_acceptance, *([] if service.headers else [ignored_auth])]

    @seed(SEED)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_cases(operation, service))
    def check(case: Case) -> None:
        headers = dict(service.headers) or None
        case.call_and_validate(headers=headers, timeout=TIMEOUT_SECONDS, excluded_checks=excluded)

    check()


def _cases(operation: APIOperation, service: Asked) -> st.SearchStrategy[Case]:
    """Requests by the document and against it, of ids that nobody has and of one that is there.

    That one has ended: the stream of its events ends too, so no endless one is ever opened.
    """
    found = [operation.as_strategy(mode) for mode in GenerationMode]
    if any(parameter.name == "request_id" for parameter in operation.path_parameters):
        there = {"request_id": service.deleted if operation.method == "delete" else service.kept}
        if "{name}" in operation.path:
            there["name"] = "0.jpg"
        found += [operation.as_strategy(mode, path_parameters=there) for mode in GenerationMode]
    return st.one_of(found)
