"""What the API counts beside its answers: replayed uploads, and key files that were not used."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from imagebatch_api.keys import KeyFile

if TYPE_CHECKING:
    from support.asgi_client import AsgiClient

    from imagebatch_api.container import Container

CSV = b"S. No.,Product Name,Input Image Urls\n1,Lamp,https://a.example/1.jpg\n"
KEYED = {"Content-Type": "text/csv", "Idempotency-Key": "order-17"}


def test_upload_when_replayed_is_counted(api: AsgiClient, container: Container) -> None:
    for _ in range(3):
        assert api.post("/upload", content=CSV, headers=KEYED).status_code == 200
    assert container.metrics.registry.get_sample_value("imagebatch_http_uploads_replayed_total") == 2


def test_key_file_when_its_new_version_is_broken_counts_it_once(tmp_path: Path, container: Container) -> None:
    file = tmp_path / "keys"
    good = f"shop:{hashlib.sha256(b'key').hexdigest()}\n"
    file.write_text(good)
    keys = KeyFile(file, on_failure=container.metrics.http_key_file_errors.inc)
    file.write_text(good + "shop:no hash\n")
    assert [len(keys.keys()), len(keys.keys())] == [1, 1]
    assert container.metrics.registry.get_sample_value("imagebatch_http_key_file_errors_total") == 1
