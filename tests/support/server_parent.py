"""A program: starts both servers in the folder given, prints process ids and S3's ports, waits to be killed."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import astuple
from pathlib import Path

from imagebatch_embedded.data_directory import Ports
from imagebatch_embedded.postgres_server import PostgresServer
from imagebatch_embedded.seaweed_server import SeaweedServer

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    ports = Ports.choose(None)
    servers = [PostgresServer(folder, ports.postgres), SeaweedServer(folder, ports.s3)]
    for server in servers:
        server.start()
    for server in servers:
        server.wait_ready(60)
    print(json.dumps({"pids": [server.pid for server in servers], "ports": astuple(ports.s3)}), flush=True)
    signal.pause()
