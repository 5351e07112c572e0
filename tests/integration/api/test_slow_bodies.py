"""An upload that trickles over a real socket: cut with 408 when its time is over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.api_process import ApiProcess

from imagebatch_embedded.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path


def test_upload_that_stops_coming_is_408_and_its_connection_closed(environment: dict[str, str], tmp_path: Path) -> None:
    hurried = {**environment, "IMAGEBATCH_UPLOAD_SECONDS": "0.5"}
    with ApiProcess(hurried, free_port(), tmp_path / "api.log") as api:
        connection = api.connect()
        connection.putrequest("POST", "/upload")
        connection.putheader("Content-Type", "text/csv")
        connection.putheader("Content-Length", "1000")
        connection.endheaders(b"S. No.,Product")
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["code"]) == (408, "upload_timeout")
        assert answer.headers["connection"] == "close"
        connection.close()
        assert api.stop() == 0
