"""Upload, status and results over a real Postgres and a real S3."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from imagebatch.model import names
from imagebatch.model.batch import Counts, Status

if TYPE_CHECKING:
    from support.api_process import ApiProcess

    from imagebatch.database.postgres import PostgresDatabase
    from imagebatch.store import S3BlobStore

CSV = b'S. No.,Product Name,Input Image Urls\n1,Lamp,"https://a.example/1.jpg,https://a.example/2.jpg"\n'
LINK_SECRET = b"a secret for links"


def test_upload_accepted_is_in_database_and_store(
    api: ApiProcess, database: PostgresDatabase, store: S3BlobStore
) -> None:
    status, headers, body = api.ask("POST", "/upload?quality=70", CSV, Content_Type="text/csv")
    assert status == 200
    request_id = json.loads(body)["request_id"]
    batch = database.batches.get(request_id, frozenset({"local"}))
    assert (batch.status, batch.progress.counts, batch.spec.output.quality) == (Status.PENDING, Counts(2), 70)
    assert store.get(names.input_key(request_id)) == CSV
    assert {info.key for info in store.list(names.request_prefix(request_id))} == {
        names.input_key(request_id),
        names.images_key(request_id),
        names.plan_key(request_id),
    }
    status, _, body = api.ask("GET", headers["location"])
    assert (status, json.loads(body)["status"]) == (200, "Pending")


def test_readyz_of_a_service_in_order_is_200(api: ApiProcess) -> None:
    status, _, body = api.ask("GET", "/readyz")
    assert (status, [each["ready"] for each in json.loads(body)["dependencies"]]) == (200, [True, True])


def test_result_file_of_50_mebibytes_streams_with_flat_memory(api: ApiProcess, store: S3BlobStore) -> None:
    data = bytes(range(256)) * 4096 * 50
    key = names.result_key("7b0c3f0e-5d0a-4c55-9d0e-3d9b7e1f6a11", names.OUTPUT_CSV)
    store.put(key, data, "text/csv")
    link = names.public_link("", LINK_SECRET, key)
    api.ask("GET", link, Range="bytes=0-9")
    before = api.peak_bytes()
    status, headers, body = api.ask("GET", link)
    assert (status, body == data) == (200, True)
    assert api.peak_bytes() - before < 16 * 1024 * 1024
    part = api.ask("GET", link, Range="bytes=1000-1999", If_Range=headers["etag"])
    assert (part[0], part[2], part[1]["etag"]) == (206, data[1_000:2_000], headers["etag"])
    assert api.ask("GET", link, If_None_Match=headers["etag"])[0] == 304
    status, head, body = api.ask("HEAD", link)
    assert (status, head["content-length"], body) == (200, str(len(data)), b"")


def test_result_file_unknown_to_the_store_is_404(api: ApiProcess) -> None:
    key = names.image_key("7b0c3f0e-5d0a-4c55-9d0e-3d9b7e1f6a11", "1.jpg")
    status, _, body = api.ask("GET", names.public_link("", LINK_SECRET, key))
    assert (status, json.loads(body)["code"]) == (404, "not_found")
