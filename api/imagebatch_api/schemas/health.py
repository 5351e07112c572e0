"""Whether the service lives and is ready."""

from __future__ import annotations

from pydantic import BaseModel, Field


class DependencyOut(BaseModel):
    """One thing that the service needs."""

    name: str = Field(examples=["database"])
    ready: bool
    message: str | None = Field(description="What is wrong; null when nothing is.")


class ReadyOut(BaseModel):
    """Whether the service can accept uploads."""

    ready: bool
    dependencies: list[DependencyOut]


class LiveOut(BaseModel):
    """The process answers."""

    status: str = Field(description="Always `alive`.", examples=["alive"])
