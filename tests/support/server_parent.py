"""A program: starts both local servers in the folder given, prints their process ids and waits to be killed."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from imagebatch_embedded.postgres_server import PostgresServer
from imagebatch_embedded.processes import free_port
from imagebatch_embedded.seaweed_server import SeaweedPorts, SeaweedServer

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    servers = [PostgresServer(folder, free_port()), SeaweedServer(folder, SeaweedPorts.free())]
    for server in servers:
        server.start()
    for server in servers:
        server.wait_ready(60)
    print(json.dumps([server.pid for server in servers]), flush=True)
    signal.pause()
