"""The README's commands against a release behind an ingress: what one machine gives back, the cluster gives back."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from support import receiver_pod
from support.accepted import send
from support.dev_installation import DevInstallation
from support.open_folder import open_folder
from support.service import FINAL, Service
from support.waiting import eventually
from support.walk_through import API, PICTURES, ROOT, Shell, scripts

from imagebatch.model import names
from imagebatch_embedded.demo.catalogue import samples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.image_server import ImageServer
    from support.installation import Installation

FINISH_SECONDS = 120
SAMPLE = ROOT / "docs" / "samples" / "products.csv"

pytestmark = pytest.mark.timeout(1_200)


@pytest.fixture
def sample_csv(pictures_on_the_node: ImageServer) -> bytes:
    """The sample CSV, its pictures on the node."""
    for sample in samples().values():
        if sample.make is not None:
            pictures_on_the_node.add(f"/{sample.name}", sample.make())
    return SAMPLE.read_bytes().replace(PICTURES.encode(), pictures_on_the_node.url().rstrip("/").encode())


@pytest.fixture
def receiver(installation: Installation) -> Iterator[str]:
    yield receiver_pod.started(installation)
    installation.kubectl("delete", "pod", "receiver", "--now")


def test_readme_upload_through_the_ingress_gives_what_one_machine_gives(
    installation: Installation, service: Service, sample_csv: bytes, receiver: str, tmp_path: Path
) -> None:
    upload = scripts(ROOT / "README.md")[0]
    (tmp_path / "docs" / "samples").mkdir(parents=True)
    (tmp_path / "docs" / "samples" / "products.csv").write_bytes(sample_csv)
    headers = f'-H "Authorization: Bearer {installation.api_key}" -H "Host: {installation.host}"'
    options = f"curl -sS {headers} -F webhook_url={receiver}"
    shell = Shell(tmp_path, {API: installation.cluster.environment["INGRESS_URL"], "curl": options})

    request_id = json.loads(shell.run(upload))["request_id"]

    status = service.finish(request_id, FINISH_SECONDS)
    assert (status["status"], status["reason"]) == ("Completed", "PartiallySucceeded")
    assert essence(service, status) == on_one_machine(sample_csv)
    (message,) = eventually(lambda: receiver_pod.verified(installation), 60, "a webhook that verifies")
    assert message["id"] == names.webhook_id(request_id)
    said: Any = message["said"]
    assert (said["request_id"], said["result_url"]) == (request_id, status["result_url"])


def on_one_machine(data: bytes) -> list[tuple[list[str], list[str | None]]]:
    """Return what `imagebatch dev` makes of a CSV."""
    settings = {"IMAGEBATCH_FETCH_ALLOW": "10.244.0.0/24:*"}
    with open_folder() as folder, DevInstallation(folder / "data", settings) as dev:
        service = dev.service()
        return essence(service, service.finish(service.upload(data), FINISH_SECONDS))


def essence(service: Service, status: dict[str, Any]) -> list[tuple[list[str], list[str | None]]]:
    """Return every row of the output as it was sent, with the SHA-256 of the image behind each link, in order."""
    report = service.get(status["report_url"]).json()
    sums = {image["output_url"]: image["sha256"] for image in report["images"] if image["output_url"]}
    text = service.get(status["result_url"]).content.decode()
    _, *rows = csv.reader(io.StringIO(text, newline=""))
    return [(row[:-1], [sums[link] if link else None for link in row[-1].split(",")]) for row in rows]


def test_kubectl_shows_a_batch_from_pending_to_completed_and_tells_its_story(
    installation: Installation, service: Service, pictures_on_the_node: ImageServer
) -> None:
    watching = installation.cluster.watching("-n", installation.namespace, "get", "ib", "-w", "--no-headers")
    with watching as lines:
        batch = send(service, pictures_on_the_node, 200, delay_seconds=0.2)
        name = f"ib-{batch.request_id}"
        installation.kubectl("wait", f"imagebatch/{name}", "--for=condition=Complete", "--timeout=120s", seconds=130)
        seen = eventually(lambda: _statuses(lines, name), 30, "Completed among the lines of kubectl get -w")
    assert seen[0][0] in ("", "Pending")
    assert [word for word, _ in seen if word not in ("", "Pending", "Processing", "Completed")] == []
    progress = [int(done) for word, images in seen if word == "Processing" for done in [images.partition("/")[0]]]
    assert progress == sorted(progress)
    assert any(0 < done < 200 for done in progress), seen
    assert seen[-1] == ("Completed", "200/200")
    described = installation.kubectl("describe", "imagebatch", name)
    story = described.partition("Events:")[2]
    assert [word for word in ("Queued", "Running", "AllSucceeded") if word not in story] == []
    assert batch.look(service)
    assert batch.last["status"] in FINAL


def _statuses(lines: list[str], name: str) -> list[tuple[str, str]]:
    """Return status and progress of every line about a resource once it is Completed."""
    found = [line.split()[1:3] for line in lines if line.startswith(name)]
    shown = [(each[0], each[1]) if each[0][0].isupper() else ("", "") for each in found]
    return shown if shown and shown[-1][0] == "Completed" else []
