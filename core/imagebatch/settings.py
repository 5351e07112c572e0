"""Every setting, grouped by theme; one class per program at the end. Read from IMAGEBATCH_* once, in each `main`.

A setting's variable is IMAGEBATCH_ and its name in capitals; NAME_FILE names a file that holds the value, which is
how secrets are mounted. The table in docs/reference/settings.md is generated from these classes.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from imagebatch.model.csvrows import CsvLimits
from imagebatch.model.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "IMAGEBATCH_"
SHORTEST_SECONDS = 0.01
T = TypeVar("T")


def setting(
    default: Any = MISSING,
    *,
    help: str,  # noqa: A002 - argparse's word
    secret: bool = False,
    least: float = 1,
    most: float = inf,
) -> Any:
    """Declare a setting; without a default it must be given. A number is finite, `least` or more and `most` or less."""
    return field(default=default, metadata={"help": help, "least": least, "most": most}, repr=not secret)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """The object store: any S3."""

    s3_endpoint: str = setting(help="Address of the S3 service, such as `https://s3.example.com`.")
    s3_access_key: str = setting(help="Access key of the S3 service.", secret=True)
    s3_secret_key: str = setting(help="Secret key of the S3 service.", secret=True)
    s3_bucket: str = setting("imagebatch", help="Bucket; it must exist.")
    s3_prefix: str = setting("", help="Put before every key; one per installation when several share a bucket.")
    s3_region: str = setting("us-east-1", help="Region that requests are signed for.")


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Postgres."""

    database_url: str = setting(help="`postgresql://user:password@host:port/name`.", secret=True)
    database_pool_size: int = setting(5, help="Connections kept open by each process.")


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Links to results."""

    link_secret: str = setting(help="Key of the tokens in links; changing it breaks links given out.", secret=True)
    public_url: str = setting("http://127.0.0.1:8000", help="Where people reach the service; links start with it.")
    output_url_base: str = setting("", help="A public bucket or CDN that output URLs point at instead of the service.")


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """Limits of an upload, and what a request gets when it does not say."""

    max_upload_bytes: int = setting(10 * 1024 * 1024, help="Largest CSV, in bytes.")
    max_rows: int = setting(50_000, help="Most rows of a CSV.")
    max_columns: int = setting(1_000, help="Most columns of a CSV.")
    max_urls_per_row: int = setting(20, help="Most image URLs in a row.")
    max_url_length: int = setting(2_048, help="Longest image URL, in characters; over 8,192 none is fetched.")
    max_violations: int = setting(1_000, help="Bad rows named in one answer.")
    # As far as the ImageBatch resource goes.
    parallelism: int = setting(4, most=1_000, help="Shards of a batch that run at once, at most 1,000.")
    retries_per_shard: int = setting(5, least=0, most=100, help="How often a shard that died is run again.")
    active_deadline_seconds: int = setting(
        86_400, most=31_536_000, help="A batch that is not done by then ends; at most a year."
    )
    webhook_url: str = setting("", help="Receiver for requests that name none.")

    def csv_limits(self) -> CsvLimits:
        """Return the limits of the CSV rules."""
        return CsvLimits(
            max_bytes=self.max_upload_bytes,
            max_rows=self.max_rows,
            max_columns=self.max_columns,
            max_urls_per_row=self.max_urls_per_row,
            max_url_length=self.max_url_length,
            max_violations=self.max_violations,
        )


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How images are downloaded."""

    fetch_allow: str = setting(
        "", help="Addresses beyond the public internet, as `CIDR:port` or `CIDR:*`, comma-separated."
    )
    fetch_refuse: str = setting("", help="Further CIDRs never connected to, such as the cluster's ranges.")
    fetch_deadline_seconds: float = setting(
        30.0, least=SHORTEST_SECONDS, help="Total time for one image, redirects and retries included."
    )
    fetch_max_bytes: int = setting(25 * 1024 * 1024, help="Largest image file.")
    fetch_min_bytes_per_second: int = setting(1_024, least=0, help="A slower source is given up.")
    fetch_attempts: int = setting(4, help="Tries for connect errors, 408, 429 and 5xx.")
    fetch_per_host: int = setting(16, help="Connections to one host at once, per shard.")
    fetch_ca_file: str = setting("", help="PEM file of certificate authorities trusted beside certifi's.")


@dataclass(frozen=True, slots=True)
class ShardSettings:
    """How a shard works."""

    shard_workers: int = setting(0, least=0, help="Encoder processes; 0: one per CPU that the process may use.")
    shard_memory_bytes: int = setting(1024**3, help="Memory of the shard with its encoders.")
    shard_flush_seconds: float = setting(2.0, least=SHORTEST_SECONDS, help="Results are written at least this often.")
    shard_flush_images: int = setting(50, help="Results are written at least every so many images.")
    max_pixels: int = setting(50_000_000, help="Largest picture, all frames together.")
    max_side_pixels: int = setting(16_384, help="Longest side of a picture.")
    max_frames: int = setting(200, help="Most frames of an animation.")
    decode_seconds: float = setting(20.0, least=SHORTEST_SECONDS, help="Time for decoding and encoding one picture.")


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """How webhooks are sent."""

    webhook_keys_dir: str = setting("", help="Folder of signing keys, one file a key (`whsec_…`), mounted.")
    webhook_key_name: str = setting("default", help="Key for requests that name none.")
    webhook_allow: str = setting("", help="Receivers beyond the public internet, as `fetch_allow`.")
    webhook_refuse: str = setting("", help="Further CIDRs never connected to.")
    webhook_timeout_seconds: float = setting(15.0, least=SHORTEST_SECONDS, help="Time a receiver has for its answer.")
    webhook_schedule_seconds: str = setting(
        "0,5,300,1800,7200,18000,36000,50400,72000,86400", help="Waits before each try, in seconds, comma-separated."
    )


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """The Kubernetes cluster that batches run on."""

    namespace: str = setting(
        "", help="Namespace of the ImageBatch resources, which the program runs in; none: there is no cluster."
    )


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The REST service."""

    store: StoreSettings
    database: DatabaseSettings
    links: LinkSettings
    intake: IntakeSettings
    cluster: ClusterSettings = field(default_factory=ClusterSettings)
    api_keys_file: str = setting(
        "", help="File of API keys, a line `name:sha256[:owner,…]` each, mounted; none: only on the loopback."
    )
    upload_seconds: float = setting(300.0, least=SHORTEST_SECONDS, help="Time for the whole body of an upload.")
    host: str = setting("127.0.0.1", help="Address to listen on.")
    port: int = setting(8000, least=0, help="Port to listen on.")
    log_format: str = setting("console", help="`console` or `json`.")


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """The operator loop."""

    store: StoreSettings
    database: DatabaseSettings
    links: LinkSettings
    webhooks: WebhookSettings
    sweep_seconds: float = setting(30.0, least=SHORTEST_SECONDS, help="How often every unfinished batch is looked at.")
    progress_seconds: float = setting(1.0, least=SHORTEST_SECONDS, help="How often a running batch's counts are read.")
    housekeeping_seconds: float = setting(
        300.0, least=SHORTEST_SECONDS, help="How often old requests and objects without a request are looked for."
    )
    retention_days: float = setting(30.0, least=0, help="Requests that ended so long ago are deleted; 0: none is.")
    # What intake stores before its row, it stores within minutes, but the store's clock may differ from ours.
    stray_hours: float = setting(
        24.0, least=0.25, help="Objects without a request are removed when they are so old; at least 0.25."
    )
    operator_workers: int = setting(4, help="Batches worked on at once.")
    metrics_port: int = setting(0, least=0, help="Port of the operator's /metrics; 0: none.")
    metrics_host: str = setting("127.0.0.1", help="Address that the operator's /metrics listens on.")
    log_format: str = setting("console", help="`console` or `json`.")


@dataclass(frozen=True, slots=True)
class ProcessorSettings:
    """One shard. The request and the index come from REQUEST_ID and JOB_COMPLETION_INDEX."""

    store: StoreSettings
    fetch: FetchSettings
    shard: ShardSettings
    log_format: str = setting("console", help="`console` or `json`.")


@dataclass(frozen=True, slots=True)
class EmbeddedSettings:
    """The operator loop on one machine, with the shards as its children."""

    operator: OperatorSettings
    local_shards: int = setting(0, least=0, help="Shards that run at once on this machine; 0: one per CPU.")
    shard_logs_dir: str = setting("logs/shards", help="Folder of the shards' logs, one file a request.")


@dataclass(frozen=True, slots=True)
class ClusterOperatorSettings:
    """The operator on a Kubernetes cluster, with the shards as pods."""

    operator: OperatorSettings
    cluster: ClusterSettings
    intake: IntakeSettings
    fetch: FetchSettings
    pod_template_file: str = setting(help="YAML file of the shards' PodTemplateSpec, with one container `processor`.")
    inbox_prefix: str = setting("inbox/", help="Where the objects lie that resources written by hand may name.")
    liveness_port: int = setting(0, least=0, help="Port of the operator's /healthz; 0: none.")


@dataclass(frozen=True, slots=True)
class UninstallSettings:
    """What ends the Jobs of a release that is removed from its cluster."""

    cluster: ClusterSettings
    log_format: str = setting("console", help="`console` or `json`.")


def load(cls: type[T], environ: Mapping[str, str]) -> T:
    """Return settings of class `cls` read from `environ`. Raises Misconfigured naming every bad variable at once."""
    problems: list[str] = []
    loaded = _load(cls, environ, problems)
    if problems:
        raise Misconfigured("; ".join(problems))
    return loaded


def variables(cls: type[Any]) -> Iterator[tuple[str, type[Any], Field[Any]]]:
    """Yield variable, group and field of every setting that a program reads."""
    hints = get_type_hints(cls)
    for each in fields(cls):
        if is_dataclass(hints[each.name]):
            yield from variables(hints[each.name])
        else:
            yield PREFIX + each.name.upper(), cls, each


def _load(cls: type[T], environ: Mapping[str, str], problems: list[str]) -> T:
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for each in fields(cls):  # type: ignore[arg-type]  # T is one of the dataclasses above
        kind = hints[each.name]
        if isinstance(kind, type) and is_dataclass(kind):
            values[each.name] = _load(kind, environ, problems)
        else:
            values[each.name] = _value(each, kind, environ, problems)
    return cls(**values)


def _value(each: Field[Any], kind: type[Any], environ: Mapping[str, str], problems: list[str]) -> Any:
    variable = PREFIX + each.name.upper()
    try:
        text = _text(variable, environ)
        if text is not None:
            return _checked(kind(text), each.metadata["least"], each.metadata["most"])
    except (OSError, ValueError) as error:
        problems.append(f"{variable}: {error}")
        return None
    if each.default is MISSING:
        problems.append(f"{variable} is not set: {each.metadata['help']}")
        return None
    return each.default


def _checked(value: Any, least: float, most: float) -> Any:
    """Return a value. Raises ValueError for a number that is too small, too large or not finite."""
    if isinstance(value, int | float) and not least <= value < inf:
        raise ValueError(f"must be at least {least:g}, not {value:g}")
    if isinstance(value, int | float) and value > most:
        raise ValueError(f"must be at most {most:,.0f}, not {value:,.0f}")
    return value


def _text(variable: str, environ: Mapping[str, str]) -> str | None:
    if variable in environ:
        return environ[variable]
    file = environ.get(variable + "_FILE")
    return Path(file).read_text().strip() if file else None
