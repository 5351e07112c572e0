"""A client of the REST service for end-to-end tests: upload, follow to the end, read the results."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Self

import httpx

from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HEADER = ["S. No.", "Product Name", "Input Image Urls"]
FINAL = ("Completed", "Failed")


def csv_of(url_lists: Iterable[Sequence[str]]) -> bytes:
    """Return a CSV with one product per URL list."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for number, urls in enumerate(url_lists, 1):
        writer.writerow([number, f"SKU{number}", ",".join(urls)])
    return out.getvalue().encode()


class Service:
    """Calls of one installation. `looks` holds every status that `finish` saw."""

    def __init__(self, api_url: str, api_key: str = "") -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self.http = httpx.Client(base_url=api_url, timeout=30, trust_env=False, headers=headers)
        self.looks: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def upload(self, data: bytes, **fields: str) -> str:
        """Upload a CSV and return its request id."""
        answer = self.http.post("/upload", files={"file": ("products.csv", data, "text/csv")}, data=fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["request_id"])

    def status(self, request_id: str) -> dict[str, Any]:
        """Return the status and hold what must be true of it at every moment."""
        status = self.http.get(f"/status/{request_id}").raise_for_status().json()
        counts = status["counts"]
        assert counts["pending"] + counts["succeeded"] + counts["failed"] == counts["total"]
        self.looks.append(status)
        return dict(status)

    def finish(self, request_id: str, timeout_seconds: float = 60.0) -> dict[str, Any]:
        """Follow a request to its end and return the last status."""
        eventually(lambda: self.status(request_id)["status"] in FINAL, timeout_seconds, "a final status")
        return self.looks[-1]

    def get(self, url: str) -> httpx.Response:
        """Fetch a result."""
        return self.http.get(url).raise_for_status()

    def rows(self, url: str) -> list[list[str]]:
        """Return the rows of a result CSV, header first."""
        return list(csv.reader(io.StringIO(self.get(url).content.decode(), newline="")))

    def outputs(self, status: dict[str, Any]) -> list[list[str]]:
        """Return the output URLs of every row, an empty string for a failed slot."""
        header, *rows = self.rows(status["result_url"])
        column = header.index("Output Image Urls")
        return [row[column].split(",") for row in rows]
