"""`helm test`: a batch of three rows through the API, watched to Completed, its output CSV read. Exits 1 with a reason.

It runs in the API's image, with the standard library alone; the chart gives it its words in the environment.
"""

import csv
import io
import json
import os
import struct
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8099
SECONDS = 300
COLUMNS = ("S. No.", "Product Name", "Input Image Urls")


def main() -> None:
    """Upload, watch, read."""
    pictures = [url for url in os.environ["IMAGE_URLS"].split(",") if url] or serve_pictures()
    request_id = json.loads(call("/upload", csv_of(pictures)))["request_id"]
    print(f"accepted as {request_id}", flush=True)
    status = watch(request_id)
    if status["status"] != "Completed":
        sys.exit(f"the batch ended {status['status']}/{status['reason']}: {status['message']}")
    output = call(f"/results/{request_id}/output.csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(output)))
    links = [row["Output Image Urls"] for row in rows]
    if len(rows) != len(COLUMNS) or not all(links):
        sys.exit(f"the output CSV is not what was asked for:\n{output}")
    print(f"Completed: {len(rows)} rows, {status['bytes']['saved']} bytes saved. The service works.")


def serve_pictures() -> list[str]:
    """Serve three pictures from this pod; return their addresses."""
    if not os.environ["POD_CIDR"]:
        sys.exit(
            "There is nothing to compress. Upgrade with test.podCidr (the range of pod addresses: this pod then serves "
            "pictures, and processors may fetch them) or with test.imageUrls (pictures that processors can reach)."
        )
    server = ThreadingHTTPServer(("", PORT), Pictures)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = os.environ["POD_IP"]
    host = f"[{host}]" if ":" in host else host
    return [f"http://{host}:{PORT}/{shade}.png" for shade in (60, 120, 180)]


class Pictures(BaseHTTPRequestHandler):
    """Answers /SHADE.png with a picture."""

    def do_GET(self) -> None:
        """Send it."""
        body = png(int(self.path.strip("/").removesuffix(".png")))
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def png(shade: int, side: int = 128) -> bytes:
    """Return a square picture with a slope of colour."""
    lines = b"".join(b"\0" + bytes(v for x in range(side) for v in (shade, x, y)) for y in range(side))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def csv_of(pictures: list[str]) -> bytes:
    """Return a CSV of three rows over the pictures."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for number in range(len(COLUMNS)):
        writer.writerow((number + 1, f"Test product {number + 1}", pictures[number % len(pictures)]))
    return text.getvalue().encode()


def watch(request_id: str) -> dict:
    """Return the final status; what is on the way is printed."""
    deadline = time.monotonic() + SECONDS
    said = ""
    while time.monotonic() < deadline:
        status = json.loads(call(f"/status/{request_id}"))
        line = f"{status['status']}/{status['reason']}: {status['message']}"
        if line != said:
            print(line, flush=True)
        said = line
        if status["status"] in ("Completed", "Failed"):
            return status
        time.sleep(1)
    sys.exit(f"not done after {SECONDS} s: look at the operator's log and at `kubectl get imagebatches,jobs,pods`")


def call(path: str, body: bytes | None = None) -> bytes:
    """Return an answer's body. What is only away for a moment is asked again."""
    headers = {"Authorization": f"Bearer {os.environ['API_KEY']}", "Content-Type": "text/csv"}
    deadline = time.monotonic() + SECONDS / 5
    while True:
        try:
            request = urllib.request.Request(os.environ["API_URL"] + path, body, headers)
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            told = error.read().decode("utf-8", "replace")
            if error.code != 503 or time.monotonic() > deadline:
                sys.exit(f"{path} was answered {error.code}: {told}")
        except OSError as error:
            if time.monotonic() > deadline:
                sys.exit(f"{path}: {error}")
        time.sleep(1)


if __name__ == "__main__":
    main()
