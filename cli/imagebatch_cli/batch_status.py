"""The service's answer to GET /status, as the commands read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FINAL = ("Completed", "Failed")


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """One look at a batch. `answer` is the JSON object; `retry_after_seconds` when to look again, if it said so."""

    answer: dict[str, Any]
    retry_after_seconds: float | None = None

    @property
    def request_id(self) -> str:
        """The request id."""
        return str(self.answer["request_id"])

    @property
    def word(self) -> str:
        """One of the four words."""
        return str(self.answer["status"])

    @property
    def is_final(self) -> bool:
        """True when nothing will change any more."""
        return self.word in FINAL

    @property
    def failed(self) -> bool:
        """True for the status Failed; single images that failed do not make it."""
        return self.word == "Failed"

    def count(self, which: str) -> int:
        """Return `total`, `pending`, `succeeded` or `failed`, in slots of the output."""
        return int(self.answer["counts"][which])

    def bytes(self, which: str) -> int:
        """Return `input`, `output` or `saved`, in bytes."""
        return int(self.answer["bytes"][which])

    @property
    def done(self) -> int:
        """Slots that are not pending."""
        return self.count("total") - self.count("pending")

    @property
    def saved_percent(self) -> int:
        """How much smaller the outputs are, as a whole percentage of the inputs."""
        before = self.bytes("input")
        return round(100 * self.bytes("saved") / before) if before else 0

    def link(self, which: str) -> str | None:
        """Return `result_url`, `errors_url` or `report_url`, None while there is none."""
        return self.answer.get(which)
