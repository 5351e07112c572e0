"""The main job through the real service: a CSV in, compressed images, the output CSV and the webhook out."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image
from standardwebhooks import Webhook
from support import pictures
from support.service import csv_of
from support.waiting import eventually

if TYPE_CHECKING:
    from support.image_server import ImageServer
    from support.service import Service
    from support.webhook_receiver import WebhookReceiver

    from imagebatch_embedded.supervisor import Installation


def test_upload_when_all_is_well_gives_back_the_same_rows_with_outputs(service: Service, image_source: ImageServer):
    photo = image_source.add("/photo.jpg", pictures.jpeg())
    logo = image_source.add("/logo.png", pictures.png(alpha=True))
    banner = image_source.add("/banner.webp", pictures.webp())
    status = service.finish(service.upload(csv_of([[photo, logo], [banner], [photo]])))
    assert (status["status"], status["reason"]) == ("Completed", "AllSucceeded")
    assert status["counts"] == {"total": 4, "pending": 0, "succeeded": 4, "failed": 0}
    header, *rows = service.rows(status["result_url"])
    assert header == ["S. No.", "Product Name", "Input Image Urls", "Output Image Urls"]
    assert [row[:3] for row in rows] == [
        ["1", "SKU1", f"{photo},{logo}"],
        ["2", "SKU2", banner],
        ["3", "SKU3", photo],
    ]
    outputs = service.outputs(status)
    assert [len(each) for each in outputs] == [2, 1, 1]
    assert outputs[0][0] == outputs[2][0]
    assert image_source.counts["/photo.jpg"] == 1
    kinds = [service.get(url).headers["content-type"] for url in (*outputs[0], *outputs[1])]
    assert kinds == ["image/jpeg", "image/png", "image/webp"]


def test_upload_when_some_images_fail_leaves_their_slots_empty_and_names_them(
    service: Service, image_source: ImageServer
):
    good = image_source.add("/good.jpg", pictures.jpeg())
    page = image_source.add("/page.jpg", b"<!doctype html><title>Not a picture</title>")
    missing = image_source.url("/missing.jpg")
    status = service.finish(service.upload(csv_of([[missing, good, page]])))
    assert (status["status"], status["reason"]) == ("Completed", "PartiallySucceeded")
    (slots,) = service.outputs(status)
    assert [bool(slot) for slot in slots] == [False, True, False]
    header, *errors = service.rows(status["errors_url"])
    assert [(row[0], row[2], row[3], row[4]) for row in errors] == [
        ("1", "1", missing, "http_404"),
        ("1", "3", page, "not_an_image"),
    ], header


def test_upload_when_every_image_fails_ends_failed_with_a_csv(service: Service, image_source: ImageServer):
    status = service.finish(service.upload(csv_of([[image_source.url("/a.jpg")], [image_source.url("/b.jpg")]])))
    assert (status["status"], status["reason"]) == ("Failed", "NothingSucceeded")
    assert service.outputs(status) == [[""], [""]]


def test_upload_with_options_writes_images_as_asked(service: Service, image_source: ImageServer):
    photo = image_source.add("/photo.png", pictures.png(640, 480))
    request_id = service.upload(csv_of([[photo]]), format="WebP", max_width="100", quality="40")
    ((url,),) = service.outputs(service.finish(request_id))
    image = Image.open(io.BytesIO(service.get(url).content))
    assert (image.format, image.size) == ("WEBP", (100, 75))


def test_portrait_by_exif_comes_out_upright(service: Service, image_source: ImageServer):
    photo = image_source.add("/portrait.jpg", pictures.jpeg(640, 480, orientation=6))
    ((url,),) = service.outputs(service.finish(service.upload(csv_of([[photo]]))))
    image = Image.open(io.BytesIO(service.get(url).content))
    assert image.size == (480, 640)
    assert image.getexif().get(pictures.ORIENTATION_TAG, 1) == 1


def test_report_tells_everything_of_every_image(service: Service, image_source: ImageServer):
    photo = image_source.add("/photo.jpg", pictures.jpeg(320, 240))
    status = service.finish(service.upload(csv_of([[photo, image_source.url("/none.jpg")]])))
    report = service.get(status["report_url"]).json()
    assert report["counts"] == {"total": 2, "pending": 0, "succeeded": 1, "failed": 1}
    succeeded, failed = sorted(report["images"], key=lambda image: image.get("code") or "")
    assert (succeeded["width_out"], succeeded["height_out"], succeeded["format_out"]) == (320, 240, "JPEG")
    assert len(succeeded["sha256"]) == 64
    assert failed["code"] == "http_404"


def test_webhook_when_the_batch_ends_is_sent_once_and_signed(
    service: Service, installation: Installation, image_source: ImageServer, webhook_receiver: WebhookReceiver
):
    photo = image_source.add("/photo.jpg", pictures.jpeg())
    request_id = service.upload(csv_of([[photo]]), webhook_url=webhook_receiver.address)
    status = service.finish(request_id)
    eventually(lambda: webhook_receiver.deliveries)
    (delivery,) = webhook_receiver.deliveries
    said = Webhook(installation.webhook_key).verify(delivery.body, dict(delivery.headers))
    assert (said["request_id"], said["status"]) == (request_id, "Completed")
    assert said["result_url"] == status["result_url"]
    assert request_id in delivery.headers["webhook-id"]


def test_dry_run_tells_the_plan_and_stores_nothing(service: Service, image_source: ImageServer):
    photo = image_source.add("/photo.jpg", pictures.jpeg())
    data = csv_of([[photo], [photo]])
    answer = service.http.post("/upload?dry_run=true", content=data, headers={"content-type": "text/csv"})
    assert answer.status_code == 200
    assert "request_id" not in answer.json()
    assert not image_source.requests


def test_raw_csv_is_the_same_as_multipart(service: Service, image_source: ImageServer):
    photo = image_source.add("/photo.jpg", pictures.jpeg())
    answer = service.http.post("/upload", content=csv_of([[photo]]), headers={"content-type": "text/csv"})
    assert answer.headers["location"] == f"/status/{answer.json()['request_id']}"
    assert service.finish(answer.json()["request_id"])["status"] == "Completed"
