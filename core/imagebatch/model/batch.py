"""What a batch is: what was asked for, what is intended now, and how far it is. Plain data, used by every room."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from imagebatch.model import names
from imagebatch.model.errors import InvalidRequest

if TYPE_CHECKING:
    from datetime import datetime


class OutputFormat(StrEnum):
    """The format of the output images; `AUTO` keeps the input's where it can be written."""

    AUTO = "Auto"
    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WebP"
    AVIF = "AVIF"


class Metadata(StrEnum):
    """What happens to EXIF and XMP. Neither choice keeps a position or a thumbnail."""

    STRIP = "Strip"
    KEEP = "Keep"


MAX_SIDE_PIXELS = 16_384


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """How every image of a batch is written. `quality` is 1–100 on the JPEG scale; sides are pixels."""

    format: OutputFormat = OutputFormat.AUTO
    quality: int = 50
    max_width: int | None = None
    max_height: int | None = None
    metadata: Metadata = Metadata.STRIP
    never_larger: bool = True

    def __post_init__(self) -> None:
        """Refuse what no encoder can do, with the option's name in the message."""
        if not 1 <= self.quality <= 100:
            raise InvalidRequest("quality must be between 1 and 100", code="invalid_option")
        for name, side in (("max_width", self.max_width), ("max_height", self.max_height)):
            if side is not None and not 1 <= side <= MAX_SIDE_PIXELS:
                raise InvalidRequest(f"{name} must be between 1 and {MAX_SIDE_PIXELS}", code="invalid_option")

    def to_json(self) -> dict[str, Any]:
        """Return the options under the names of the resource's `spec.output`."""
        return {
            "format": self.format.value,
            "quality": self.quality,
            "maxWidth": self.max_width,
            "maxHeight": self.max_height,
            "metadata": self.metadata.value,
            "neverLarger": self.never_larger,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> OutputOptions:
        """Read what `to_json` wrote; what is missing has its default."""
        return cls(
            format=OutputFormat(data.get("format", "Auto")),
            quality=data.get("quality", 50),
            max_width=data.get("maxWidth"),
            max_height=data.get("maxHeight"),
            metadata=Metadata(data.get("metadata", "Strip")),
            never_larger=data.get("neverLarger", True),
        )


@dataclass(frozen=True, slots=True)
class BatchSpec:
    """What was asked for, fixed at acceptance. `images_per_shard` None means: choose by the number of images."""

    output: OutputOptions = field(default_factory=OutputOptions)
    parallelism: int = 4
    images_per_shard: int | None = None
    retries_per_shard: int = 5
    failure_threshold_percent: int = 100
    active_deadline_seconds: int = 86_400
    webhook_url: str | None = None
    webhook_key_name: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the spec as JSON data, for the row's `spec` column."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "output"}
        return {"output": self.output.to_json(), **plain}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> BatchSpec:
        """Read what `to_json` wrote; unknown names are left out, missing ones have their default."""
        known = {f.name for f in fields(cls)} - {"output"}
        plain = {name: value for name, value in data.items() if name in known}
        return cls(output=OutputOptions.from_json(data.get("output", {})), **plain)


@dataclass(frozen=True, slots=True)
class Intent:
    """What people want of an accepted batch now. `cancel` once true stays true.

    `ttl_seconds` after its end its resource is to go, None: it stays as long as the request.
    """

    suspend: bool = False
    cancel: bool = False
    parallelism: int = 4
    ttl_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """The ImageBatch resource of a request on a cluster; `uid` None as long as it is not known to exist."""

    namespace: str
    name: str
    uid: str | None = None


class Status(StrEnum):
    """The four public words, in the only order in which they are passed."""

    PENDING = "Pending"
    PROCESSING = "Processing"
    COMPLETED = "Completed"
    FAILED = "Failed"

    @property
    def is_final(self) -> bool:
        """True for the two that are never left."""
        return self in (Status.COMPLETED, Status.FAILED)


class Reason(StrEnum):
    """Why the status is what it is: one CamelCase word for programs, beside the message for people."""

    ACCEPTED = "Accepted"
    QUEUED = "Queued"
    SUSPENDED = "Suspended"
    RUNNING = "Running"
    CANCELLING = "Cancelling"
    PUBLISHING = "Publishing"
    ALL_SUCCEEDED = "AllSucceeded"
    PARTIALLY_SUCCEEDED = "PartiallySucceeded"
    INVALID_SOURCE = "InvalidSource"
    CANCELLED = "Cancelled"
    DEADLINE_EXCEEDED = "DeadlineExceeded"
    INFRASTRUCTURE_ERROR = "InfrastructureError"
    NOTHING_SUCCEEDED = "NothingSucceeded"
    FAILURE_THRESHOLD = "FailureThreshold"


@dataclass(frozen=True, slots=True)
class Counts:
    """Slots of the output: an image used three times counts three. pending = total - succeeded - failed."""

    total: int
    succeeded: int = 0
    failed: int = 0

    @property
    def pending(self) -> int:
        """Slots nothing is known of yet."""
        return self.total - self.succeeded - self.failed

    @property
    def done(self) -> int:
        """Slots with an outcome."""
        return self.succeeded + self.failed


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes of distinct images that succeeded, before and after."""

    input: int = 0
    output: int = 0

    @property
    def saved(self) -> int:
        """What re-encoding saved; negative if it made things larger."""
        return self.input - self.output


@dataclass(frozen=True, slots=True)
class Progress:
    """What is known of a batch's images so far."""

    counts: Counts
    bytes: Bytes = field(default_factory=Bytes)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a batch stands or ended: a status, its reason and a sentence for people."""

    status: Status
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Batch:
    """An accepted request as its row tells it. Times are aware, UTC. `retry_of` is the request that it mends.

    `suspended_at` is since when it rests, `suspended_seconds` how long it did before.
    """

    request_id: str
    owner: str
    verdict: Verdict
    spec: BatchSpec
    intent: Intent
    progress: Progress
    has_result: bool
    source_sha256: str
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    retry_of: str | None = None
    resource: Resource | None = None
    suspended_at: datetime | None = None
    suspended_seconds: float = 0.0

    @property
    def webhook_id(self) -> str:
        """The `webhook-id` of the message that tells of its end."""
        return names.webhook_id(self.request_id, self.created_at if self.retry_of else None)

    @property
    def status(self) -> Status:
        """The public word."""
        return self.verdict.status
