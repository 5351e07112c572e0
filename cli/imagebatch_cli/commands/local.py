"""`dev` and `demo`: the whole service on this machine. Embedded mode is imported only when one of them runs."""

import os
from pathlib import Path
from typing import Annotated

import typer

from imagebatch_cli.errors import MachineFault
from imagebatch_cli.options import DEFAULT_DATA, in_utf8
from imagebatch_cli.terminal import Terminal

DEMO_DATA = Path(".demo")

Port = Annotated[
    int | None,
    typer.Option(
        "--port",
        min=1,
        max=65_535,
        help="Port of the API, from now on. [default: 8000, or a free one if it is taken; chosen once]",
    ),
]
Data = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="Where everything is kept.", file_okay=False, callback=in_utf8)
]
Samples = Annotated[
    bool, typer.Option("--samples", help="Serve the pictures of docs/samples/products.csv on 127.0.0.1:8001.")
]
DemoData = Annotated[
    Path,
    typer.Option(
        "--data", metavar="DIR", help="Folder of the demo; emptied at its start.", file_okay=False, callback=in_utf8
    ),
]
OwnCsv = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE", help="Run this file instead of the sample pictures.", dir_okay=False),
]


def dev(data: Data = DEFAULT_DATA, port: Port = None, samples: Samples = False) -> None:
    """Start the whole service on this machine: Postgres, S3, API, operator and shards. Ctrl-C stops it.

    Nothing is lost then: the data directory keeps everything, and the next start goes on with it.

    Images and webhooks are not fetched from or sent to addresses inside your network unless you allow it, as CIDR and
    port: IMAGEBATCH_FETCH_ALLOW=127.0.0.1/32:8080 for images, IMAGEBATCH_WEBHOOK_ALLOW=127.0.0.1/32:9000 for webhooks.
    IMAGEBATCH_DATABASE_URL and IMAGEBATCH_S3_ENDPOINT name servers of your own to use instead.
    """
    _require_embedded()
    from imagebatch_cli.development import run_development

    run_development(data, port, os.environ, Terminal(), samples=samples)


def demo(data: DemoData = DEMO_DATA, csv: OwnCsv = None) -> None:
    """Run the main job before your eyes: pictures in, smaller pictures, the output CSV and a signed webhook out.

    The exit code is 0 only if every expected outcome was seen.
    """
    _require_embedded()
    from imagebatch_cli.demo import run_demo

    run_demo(data, csv, os.environ, Terminal())


def _require_embedded() -> None:
    try:
        import imagebatch_embedded.supervisor  # noqa: F401
    except ModuleNotFoundError as error:
        hint = "Install it: pip install 'imagebatch[embedded]'"
        raise MachineFault(f"The service itself is not installed here: {error}.", hint) from error
