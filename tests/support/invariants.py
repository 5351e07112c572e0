"""What must hold of every accepted batch once everything is over, whatever was killed or cut: one function each.

`check_all` calls them. They look at the API, at the rows of Postgres, at the objects of S3, at what the webhook
receiver and the server of the pictures were asked, and at the processes and temporary files that are left.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.extras import RealDictCursor
from standardwebhooks import Webhook

from imagebatch.model import names
from support.accepted import fetches
from support.service import FINAL, HEADER
from support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fixtures.servers import S3Server

    from support.accepted import Accepted
    from support.image_server import ImageServer
    from support.loopback_server import Request
    from support.service import Service
    from support.webhook_receiver import WebhookReceiver

RANKS = {"Pending": 0, "Processing": 1, "Completed": 2, "Failed": 2}
UNFINISHED = {"cancelled", "deadline_exceeded", "shard_failed"}
LINKS_AT_ONCE = 4
SETTLING_SECONDS = 30.0  # for what follows the final status: the webhook, the end of the last worker
TOLERANCE_SECONDS = 300.0  # of Standard Webhooks
FLUSH_IMAGES = 50  # the setting's default
THREADS = 16  # images that a shard with one encoder has in hand

# Whatever lies under a request's prefix has one of these names.
KNOWN_KEYS = re.compile(
    r"input\.csv|images\.jsonl|plan\.json|output\.csv|errors\.csv|report\.json"
    r"|shards/(\d+\.jsonl|\d+/[\w.]+-\d{6}\.jsonl|reused\.jsonl)|images/\d+\.\w+"
)


@dataclass(frozen=True)
class Site:
    """Where to look. `at_work` counts what still works on a batch, `left` names what a settlement left lying."""

    service: Callable[[], Service]
    database_url: str
    s3: S3Server
    prefix: str
    webhook_key: str
    receiver: WebhookReceiver
    source: ImageServer
    at_work: Callable[[], int]
    left: Callable[[], list[str]]

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Ask Postgres, behind the service's back."""
        with (
            closing(psycopg2.connect(self.database_url)) as connection,
            connection.cursor(cursor_factory=RealDictCursor) as cursor,
        ):
            cursor.execute(query, values)
            return [dict(row) for row in cursor.fetchall()]

    def objects(self, prefix: str) -> dict[str, int]:
        """Return the sizes of the objects under a prefix of the installation's, by key relative to `prefix`."""
        found = self.s3.client().list_objects(self.s3.bucket, self.prefix + prefix, recursive=True)
        return {str(each.object_name).removeprefix(self.prefix + prefix): each.size or 0 for each in found}


@dataclass(frozen=True)
class Ended:
    """A batch that has ended, with its results as they were published."""

    site: Site
    batch: Accepted

    @property
    def status(self) -> dict[str, Any]:
        return self.batch.last

    @cached_property
    def output(self) -> list[list[str]]:
        """The rows of the output CSV, header first."""
        return self._csv("result_url")

    @cached_property
    def slots(self) -> list[list[str]]:
        """The output links of every row; an empty one for a failed image."""
        return [row[-1].split(",") for row in self.output[1:]]

    @cached_property
    def errors(self) -> list[list[str]]:
        """The rows of errors.csv, without its header."""
        return self._csv("errors_url")[1:]

    @cached_property
    def report(self) -> dict[str, Any]:
        return dict(json.loads(self._get("report_url")))

    @cached_property
    def row(self) -> dict[str, Any]:
        """The batch's row in file_processing."""
        (row,) = self.site.rows("SELECT * FROM file_processing WHERE request_id = %s", self.batch.request_id)
        return row

    def _get(self, field: str) -> bytes:
        return self.site.service().get(self.status[field]).content

    def _csv(self, field: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(self._get(field).decode(), newline="")))


def check_all(site: Site, batches: Sequence[Accepted], *, deaths: int = 0, stops: int = 0) -> None:
    """Check every invariant of every batch; each has been followed to its end.

    `deaths` is how many shards died unasked: each may cost one flush interval of images and those in hand.
    `stops` is how many were asked to stop at work: each drops what it is fetching.
    """
    for batch in batches:
        one_final_status_never_left(batch.looks)
        counts_add_up_at_every_look(batch.looks)
        ended = Ended(site, batch)
        rows_are_in_order_with_all_slots(ended)
        every_link_opens_with_the_bytes_recorded(ended)
        no_half_or_unknown_object_is_there(ended)
        database_api_and_files_agree(ended)
        webhook_is_signed_with_one_id_and_one_body(ended)
    finished_images_are_not_fetched_again(site.source, batches, deaths, stops)
    nothing_is_left_running_or_lying(site)


def one_final_status_never_left(looks: Sequence[dict[str, Any]]) -> None:
    """The status never goes back, and a final one is the same for good."""
    assert looks, "the batch was never looked at"
    ranks = [RANKS[look["status"]] for look in looks]
    assert ranks == sorted(ranks), f"the status went back: {[look['status'] for look in looks]}"
    finals = [look for look in looks if look["status"] in FINAL]
    assert finals, f"no final status; the last look: {looks[-1]}"
    assert all(look == finals[0] for look in finals), f"a final status changed: {finals[0]} became {finals[-1]}"


def counts_add_up_at_every_look(looks: Sequence[dict[str, Any]]) -> None:
    """Total = pending + succeeded + failed at every look; what is done never becomes less; the end has no pending."""
    total, done = looks[0]["counts"]["total"], 0
    for look in looks:
        counts = look["counts"]
        assert counts["total"] == total, f"the total changed from {total}: {look}"
        assert counts["pending"] + counts["succeeded"] + counts["failed"] == total, f"counts do not add up: {look}"
        assert counts["pending"] <= total - done, f"fewer are done than before ({done}): {look}"
        done = total - counts["pending"]
    assert looks[-1]["counts"]["pending"] == 0, f"pending at the end: {looks[-1]}"


def rows_are_in_order_with_all_slots(ended: Ended) -> None:
    """The output has the input's rows in the input's order, and in each as many slots as URLs."""
    header, *rows = ended.output
    assert header == [*HEADER, "Output Image Urls"], f"another header: {header}"
    sent = [[str(n), f"SKU{n}", ",".join(urls)] for n, urls in enumerate(ended.batch.url_lists, 1)]
    assert [row[:3] for row in rows] == sent, "the rows of the output are not those of the input, in order"
    widths = [len(slots) for slots in ended.slots]
    assert widths == [len(urls) for urls in ended.batch.url_lists], "a row has not as many slots as URLs"


def every_link_opens_with_the_bytes_recorded(ended: Ended) -> None:
    """Each output link opens, and gives the bytes whose SHA-256 the report has for its image: none is half."""
    recorded = {image["output_url"]: image["sha256"] for image in ended.report["images"] if image["output_url"]}
    links = {link for row in ended.slots for link in row if link}
    assert links == set(recorded), "the links of the output CSV are not those of the report"
    service = ended.site.service()
    with ThreadPoolExecutor(LINKS_AT_ONCE) as pool:
        for link, answer in zip(links, pool.map(service.http.get, links), strict=True):
            assert answer.status_code == 200, f"{link} does not open: {answer.status_code}"
            found = hashlib.sha256(answer.content).hexdigest()
            assert found == recorded[link], f"{link} holds {len(answer.content)} bytes that are not those recorded"


def no_half_or_unknown_object_is_there(ended: Ended) -> None:
    """Under the request's prefix lies what the layout names, each image recorded there with its size.

    Allowed beyond that: images of slots that were not finished when the batch ended. A worker that was stopped or
    killed may have stored them whole and not told; so they are none of a finished image under another name.
    """
    found = ended.site.objects(names.request_prefix(ended.batch.request_id))
    unknown = [key for key in found if not KNOWN_KEYS.fullmatch(key)]
    assert not unknown, f"objects that no layout knows: {unknown}"
    own = [image for image in ended.report["images"] if not image.get("request_id")]
    recorded = {f"images/{image['name']}": image["bytes_out"] for image in own if image.get("name")}
    stored = {key: size for key, size in found.items() if key.startswith("images/")}
    missing = {key: size for key, size in recorded.items() if stored.get(key) != size}
    assert not missing, f"images recorded that are not there with their size: {missing}"
    unfinished = {image["index"] for image in own if image.get("code") in UNFINISHED}
    strange = [key for key in set(stored) - set(recorded) if int(Path(key).stem) not in unfinished]
    assert not strange, f"images stored that no slot shows: {strange}"


def database_api_and_files_agree(ended: Ended) -> None:
    """file_processing, products, images, the API's answer, output.csv, errors.csv and report.json say the same."""
    status, row, file_id = ended.status, ended.row, ended.row["file_id"]
    counts = {name: row[name] for name in ("total", "succeeded", "failed")} | {"pending": 0}
    assert (row["processing_status"], row["reason"]) == (status["status"], status["reason"]), "status: row and API"
    assert counts == status["counts"] == ended.report["counts"], "counts: row, API and report"
    assert len(ended.errors) == counts["failed"], "errors.csv has not one line for each failed slot"
    assert [error[3] for error in ended.errors] == _failed_urls(ended), "errors.csv does not name the failed slots"
    query = "SELECT input_image_urls, output_image_urls FROM products WHERE file_id = %s ORDER BY row_number"
    products = [(each["input_image_urls"], each["output_image_urls"]) for each in ended.site.rows(query, file_id)]
    assert products == [(row[2], row[3]) for row in ended.output[1:]], "products is not the output CSV"
    query = "SELECT * FROM images WHERE file_id = %s ORDER BY row_number, position"
    images = ended.site.rows(query, file_id)
    assert [each["url"] for each in images] == ended.batch.urls, "images has not one row for each slot, in order"
    links = [link or None for slots in ended.slots for link in slots]
    assert [each["output_url"] for each in images] == links, "images has other links than the output CSV"
    reported = {image["url"]: (image.get("code"), image.get("sha256")) for image in ended.report["images"]}
    for each in images:
        assert (each["code"], each["sha256"]) == reported[each["url"]], f"images and report differ: {each}"
        assert (each["code"] is None) == (each["output_url"] is not None), f"neither link nor code, or both: {each}"


def webhook_is_signed_with_one_id_and_one_body(ended: Ended) -> None:
    """A batch with a webhook has one delivery; every try carries the same id and body, well signed."""
    request_id, site = ended.batch.request_id, ended.site
    query = "SELECT * FROM webhook_deliveries WHERE file_id = %s"
    if not ended.batch.webhook:
        assert site.rows(query, ended.row["file_id"]) == [], "a delivery that nobody asked for"
        return
    (delivery,) = eventually(
        lambda: [each for each in site.rows(query, ended.row["file_id"]) if each["delivered_at"]],
        SETTLING_SECONDS,
        f"the delivery of {request_id}",
    )
    tries = [each for each in site.receiver.deliveries if json.loads(each.body)["request_id"] == request_id]
    assert tries, "recorded as delivered, and never received"
    ids = {each.headers["webhook-id"] for each in tries}
    expected = names.webhook_id(request_id, ended.row["created_at"] if ended.row["retry_of"] else None)
    assert ids == {expected} == {delivery["webhook_id"]}, f"other ids: {ids}"
    assert {each.body for each in tries} == {bytes(delivery["body"])}, "the body of the webhook changed"
    for each in tries:
        _signature_fits(site.webhook_key, each)
    said = json.loads(tries[0].body)
    told = {name: said[name] for name in ("status", "reason", "result_url", "counts")}
    assert told == {name: ended.status[name] for name in told}, f"the webhook says something else: {told}"


def _signature_fits(key: str, request: Request) -> None:
    """Check a signature as of when it came: the library's own check is of messages that come now."""
    sent_at = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
    assert abs(request.received_at - sent_at.timestamp()) < TOLERANCE_SECONDS, "the receiver refuses it as too old"
    signature = Webhook(key).sign(request.headers["webhook-id"], sent_at, request.body.decode())
    assert request.headers["webhook-signature"] == signature, "a wrong signature"


def finished_images_are_not_fetched_again(
    source: ImageServer, batches: Sequence[Accepted], deaths: int, stops: int
) -> None:
    """A shard that dies unasked costs one flush interval and what is in hand, one that is stopped the latter.

    An interval holds the part that was being written and what ended meanwhile: up to two parts.
    """
    counts = fetches(source)
    again = {url: counts[url] - 1 for batch in batches for url in set(batch.urls) if counts[url] > 1}
    allowed = deaths * (2 * FLUSH_IMAGES + THREADS) + stops * THREADS
    assert sum(again.values()) <= allowed, f"{sum(again.values())} fetched again, {allowed} allowed: {again}"


def nothing_is_left_running_or_lying(site: Site) -> None:
    """No shard and no codec child runs, no Job is left to start one, no spool is left of a settlement."""
    eventually(lambda: not site.at_work(), SETTLING_SECONDS, "the end of every shard and codec child")
    assert not site.left(), f"left of a settlement: {site.left()}"


def _failed_urls(ended: Ended) -> list[str]:
    return [
        url
        for urls, slots in zip(ended.batch.url_lists, ended.slots, strict=True)
        for url, slot in zip(urls, slots, strict=True)
        if not slot
    ]
