"""The one error tree. Foreign errors are translated into it where the foreign library is called.

Each program has one table from this tree to its edge: HTTP status, queue back-off or exit code.
"""

from __future__ import annotations

from dataclasses import dataclass


class ImageBatchError(Exception):
    """Anything this service says no with. `code` is stable snake_case; the message is for people."""

    code = "internal_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing wrong with an uploaded file. `line` counts from 1; `column` is the header as written."""

    code: str
    message: str
    line: int | None = None
    column: str | None = None


class InvalidRequest(ImageBatchError):
    """What was sent can never be accepted. `violations` names every place, in order of line."""

    code = "invalid_request"

    def __init__(self, message: str, *, code: str | None = None, violations: tuple[Violation, ...] = ()) -> None:
        super().__init__(message, code=code)
        self.violations = violations


class TooLarge(InvalidRequest):
    """The body is over the limit of bytes."""

    code = "too_large"


class UnsupportedMediaType(InvalidRequest):
    """The body is of a kind that is not read here."""

    code = "unsupported_media_type"


class NotFound(ImageBatchError):
    """There is no such thing, or it is somebody else's."""

    code = "not_found"


class Conflict(ImageBatchError):
    """The state that things are in does not allow it."""

    code = "conflict"


class Refused(ImageBatchError):
    """The cluster does not allow it, and will not by being asked again."""

    code = "cluster_refused"


class ImageRejected(ImageBatchError):
    """One image failed for good. A result to be recorded, never a fault of the shard.

    `code` is one of the contract's image error codes (docs/reference/errors.md).
    """

    code = "corrupt"

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)


class Unavailable(ImageBatchError):
    """A dependency does not answer now: try again later. `dependency` names it."""

    code = "unavailable"

    def __init__(self, message: str, *, dependency: str) -> None:
        super().__init__(message, code=f"{dependency}_unavailable")
        self.dependency = dependency


class Misconfigured(ImageBatchError):
    """A setting or an installation is wrong: the program stops at its start and says what to mend."""

    code = "misconfigured"
