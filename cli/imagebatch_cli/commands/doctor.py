"""`doctor`: what the service says of itself, and what may go wrong on this machine."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from imagebatch_cli.doctor.finding import Finding, Level
from imagebatch_cli.doctor.limits import disk_findings, limit_findings
from imagebatch_cli.doctor.names import name_findings
from imagebatch_cli.doctor.service import service_findings
from imagebatch_cli.doctor.versions import version_findings
from imagebatch_cli.exit_codes import ExitCode
from imagebatch_cli.options import DEFAULT_DATA, DEFAULT_URL, ApiKey, Call, Output, Url, call, in_utf8
from imagebatch_cli.terminal import OutputKind

Names = Annotated[
    list[str] | None,
    typer.Option(
        "--resolve", metavar="HOST", help="Look up this host too; may be given several times.", callback=in_utf8
    ),
]
Data = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="Data directory of `imagebatch dev`, whose disk is looked at.")
]


def doctor(
    context: typer.Context,
    resolve: Names = None,
    data: Data = DEFAULT_DATA,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
    output: Output = OutputKind.TABLE,
) -> None:
    """Look for what may be wrong with the service and on this machine, and say what to do about it.

    Asks the service whether it is ready and compares the clocks; looks up its host; reads the limits of this machine,
    its free disk and the versions. The exit code is 1 when there is a failure; warnings do not count.
    """
    work = call(context, url, api_key, output)
    found = list(_findings(work, resolve or [], data))
    failed = any(each.level is Level.FAILURE for each in found)
    if work.terminal.as_json:
        work.terminal.json({"ok": not failed, "findings": [asdict(each) for each in found]})
    else:
        rows = [(each.level.value, each.subject, each.message, each.advice) for each in found]
        work.terminal.table(("State", "What", "Found", "What to do"), rows)
    if failed:
        raise typer.Exit(ExitCode.UNMET)


def _findings(work: Call, names: list[str], data: Path) -> Iterator[Finding]:
    yield from service_findings(work.client)
    yield from name_findings(work.client.url, names)
    yield from limit_findings()
    yield from disk_findings(data)
    yield from version_findings()
