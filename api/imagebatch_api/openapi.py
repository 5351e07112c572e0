"""The OpenAPI description: FastAPI's, with the models that our routes read by themselves. Served at /openapi.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from imagebatch_api.schemas.problems import ProblemOut
from imagebatch_api.schemas.uploads import UploadFormIn

if TYPE_CHECKING:
    from fastapi import FastAPI

_OF_FASTAPI = ("HTTPValidationError", "ValidationError")  # what a 422 would hold; we answer 400 and a problem


def described(app: FastAPI) -> dict[str, Any]:
    """Return the app's description, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        for operations in schema["paths"].values():
            for operation in operations.values():
                _without_validation(operation["responses"])
        _add_models(schema["components"]["schemas"])
        app.openapi_schema = schema
    return app.openapi_schema


def _without_validation(responses: dict[str, Any]) -> None:
    """Leave out the 422 that FastAPI adds to what has parameters; a 422 of ours is a problem."""
    if "application/json" in responses.get("422", {}).get("content", {}):
        del responses["422"]


def _add_models(schemas: dict[str, Any]) -> None:
    for name in _OF_FASTAPI:
        schemas.pop(name, None)
    for model in (ProblemOut, UploadFormIn):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs"), **{model.__name__: schema})
