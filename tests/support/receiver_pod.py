"""A receiver of webhooks that runs in the cluster, as a pod of the image of the operator, and verifies what it gets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.installation import NAME

if TYPE_CHECKING:
    from support.installation import Installation

PORT = 8080
# Runs in the pod: one line for each message whose signature fits, with its id and its body.
PROGRAM = """
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer
from standardwebhooks import Webhook

class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        said = Webhook(os.environ["KEY"]).verify(body, headers)
        print(json.dumps({"id": headers["webhook-id"], "said": said}), flush=True)
        self.send_response(204)
        self.end_headers()

HTTPServer(("", int(os.environ["PORT"])), Receiver).serve_forever()
"""


def manifest(installation: Installation) -> str:
    """Return the pod."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "receiver"},
            "spec": {
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": 65532,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [
                    {
                        "name": "receiver",
                        "image": f"localhost/imagebatch-api:{installation.tag}",
                        "command": ["python", "-c", PROGRAM],
                        "env": [
                            {"name": "PORT", "value": str(PORT)},
                            {
                                "name": "KEY",
                                "valueFrom": {"secretKeyRef": {"name": f"{NAME}-dev-webhooks", "key": "default"}},
                            },
                        ],
                        "securityContext": {
                            "allowPrivilegeEscalation": False,
                            "capabilities": {"drop": ["ALL"]},
                            "readOnlyRootFilesystem": True,
                        },
                        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
                    }
                ],
            },
        }
    )


def started(installation: Installation) -> str:
    """Start the pod, wait until it listens, and return its URL."""
    installation.kubectl("apply", "-f", "-", given=manifest(installation))
    installation.kubectl("wait", "--for=condition=Ready", "pod/receiver", "--timeout=60s", seconds=70)
    address = installation.kubectl("get", "pod", "receiver", "-o", "jsonpath={.status.podIP}")
    return f"http://{address}:{PORT}/webhook"


def verified(installation: Installation) -> list[dict[str, object]]:
    """Return what was received with a signature that fits."""
    return [json.loads(line) for line in installation.kubectl("logs", "receiver").splitlines() if line.startswith("{")]
