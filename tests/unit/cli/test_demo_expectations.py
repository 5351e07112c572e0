"""The demo fails for everything that is not as it must be, one sentence each."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from support.played_service import REQUEST_ID, status

from imagebatch_cli.batch_status import BatchStatus
from imagebatch_cli.demo.expectations import unmet, unmet_by_any
from imagebatch_cli.demo.seen import Seen
from imagebatch_cli.demo.story import last_line
from imagebatch_cli.webhook_receiver import ReceivedDelivery
from imagebatch_embedded.demo.catalogue import Sample
from imagebatch_embedded.demo.pictures import Look

PORTRAIT = Look("JPEG", 30, 40, has_alpha=False, frames=1)
LOGO = Look("PNG", 20, 20, has_alpha=True, frames=1)
SAMPLES = {
    "http://s/a.jpg": Sample("a.jpg", bytes, PORTRAIT),
    "http://s/b.png": Sample("b.png", bytes, LOGO),
    "http://s/c.jpg": Sample("c.jpg", None, None, "http_404"),
}
HEADER = ["S. No.", "Product Name", "Input Image Urls"]
ROWS = [["1", "Chair", "http://s/a.jpg, http://s/c.jpg"], ["2", "Logo", "http://s/b.png,http://s/a.jpg"]]
ANSWER = status("Completed", "PartiallySucceeded")


@pytest.fixture
def seen() -> Seen:
    body = {name: ANSWER[name] for name in ("request_id", "status", "reason", "counts", "result_url")}
    return Seen(
        batch=BatchStatus(copy.deepcopy(ANSWER)),
        uploaded=[HEADER, *copy.deepcopy(ROWS)],
        output=[[*HEADER, "Output Image Urls"], [*ROWS[0], "o/0.jpg,"], [*ROWS[1], "o/1.png,o/0.jpg"]],
        errors=[["S. No."], ["1", "Chair", "2", "http://s/c.jpg", "http_404", "not there"]],
        images=[
            {"url": "http://s/a.jpg", "output_url": "o/0.jpg", "bytes_in": 9, "bytes_out": 3},
            {"url": "http://s/c.jpg", "code": "http_404"},
            {"url": "http://s/b.png", "output_url": "o/1.png", "bytes_in": 9, "bytes_out": 9},
        ],
        looks={"http://s/a.jpg": PORTRAIT, "http://s/b.png": LOGO},
        deliveries=[ReceivedDelivery(f"msg_{REQUEST_ID}", body)],
    )


def test_expectations_when_all_are_met_are_silent(seen):
    assert unmet(seen, SAMPLES) == []
    assert last_line(seen) == "demo: 2 images compressed, 1 refused as expected, saved 60 %, webhook verified"


SPOILT = {
    "is Processing": lambda seen: seen.batch.answer.update(status="Processing"),
    "still pending": lambda seen: seen.batch.answer["counts"].update(pending=1),
    "nothing was saved": lambda seen: seen.batch.answer["bytes"].update(saved=0),
    "a.jpg ended with corrupt": lambda seen: seen.images[0].update(code="corrupt"),
    "c.jpg ended with an output": lambda seen: seen.images[1].pop("code"),
    "other images": lambda seen: seen.images.pop(),
    "a.jpg came out as": lambda seen: seen.looks.update({"http://s/a.jpg": replace(PORTRAIT, width=40, height=30)}),
    "b.png came out as": lambda seen: seen.looks.update({"http://s/b.png": replace(LOGO, has_alpha=False)}),
    "b.png cannot be opened": lambda seen: seen.looks.pop("http://s/b.png"),
    "b.png has grown": lambda seen: seen.images[2].update(bytes_out=10),
    "in their order": lambda seen: seen.output.append(seen.output.pop(1)),
    "the output's columns": lambda seen: seen.output[0].pop(),
    "1 slots for 2 images": lambda seen: seen.output[1].__setitem__(3, "o/0.jpg"),
    "is o/9.jpg": lambda seen: seen.output[1].__setitem__(3, "o/0.jpg,o/9.jpg"),
    "two outputs": lambda seen: seen.output[2].__setitem__(3, "o/1.png,o/2.jpg"),
    "errors.csv tells of": lambda seen: seen.errors.pop(),
    "0 webhooks came": lambda seen: seen.deliveries.clear(),
    "2 webhooks came": lambda seen: seen.deliveries.append(seen.deliveries[0]),
    "signature does not hold": lambda seen: seen.deliveries.__setitem__(0, ReceivedDelivery("msg", None, "none")),
    "the webhook's status": lambda seen: seen.deliveries[0].body.update(status="Failed"),
}


@pytest.mark.parametrize("sentence", SPOILT)
def test_expectations_when_one_is_not_met_tell_of_it(seen, sentence):
    SPOILT[sentence](seen)
    assert any(sentence in fault for fault in unmet(seen, SAMPLES)), unmet(seen, SAMPLES)


def test_expectations_of_ones_own_file_are_the_webhook_and_whole_outputs(seen):
    seen.images[1].update(code="timeout")
    assert unmet_by_any(seen) == []
    seen.looks.clear()
    assert len(unmet_by_any(seen)) == 2
