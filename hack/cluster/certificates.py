"""The keys, certificates and kubeconfigs of one cluster, made by openssl. Made once, when the cluster is."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cluster.layout import API_PORT, API_SERVICE, CONTEXT, DOMAIN, NODE, NODE_ADDRESS
from cluster.running import run

if TYPE_CHECKING:
    from pathlib import Path

    from cluster.layout import Layout

DAYS = "30"
API_URL = f"https://{NODE_ADDRESS}:{API_PORT}"


@dataclass(frozen=True)
class Certificate:
    """Who a certificate names, and the addresses it serves, if any."""

    name: str
    subject: str
    addresses: tuple[str, ...] = ()


API_NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{DOMAIN}")
SERVED = tuple(f"DNS:{name}" for name in (*API_NAMES, "localhost")) + tuple(
    f"IP:{address}" for address in ("127.0.0.1", API_SERVICE, NODE_ADDRESS)
)
SERVERS = (
    Certificate("apiserver", "/CN=kube-apiserver", SERVED),
    Certificate("etcd", "/CN=etcd", ("IP:127.0.0.1",)),
    Certificate("kubelet-server", f"/CN={NODE}", (f"DNS:{NODE}", f"IP:{NODE_ADDRESS}")),
)
# Those who talk to the API server with a kubeconfig; the names are the ones its own roles are bound to.
CLIENTS = (
    Certificate("admin", "/O=system:masters/CN=admin"),
    Certificate("kube-controller-manager", "/CN=system:kube-controller-manager"),
    Certificate("kube-scheduler", "/CN=system:kube-scheduler"),
    Certificate("kubelet", f"/O=system:nodes/CN=system:node:{NODE}"),
    Certificate("kube-proxy", "/CN=system:kube-proxy"),
    Certificate("coredns", "/CN=throwaway:coredns"),
    Certificate("traefik", "/CN=throwaway:traefik"),
)
OTHERS = (
    Certificate("apiserver-to-kubelet", "/O=system:masters/CN=apiserver-to-kubelet"),
    Certificate("apiserver-to-etcd", "/CN=apiserver-to-etcd"),
)


def extensions(certificate: Certificate) -> str:
    """The lines of an openssl extension file."""
    lines = ["basicConstraints = CA:FALSE", "keyUsage = digitalSignature, keyEncipherment"]
    lines.append(
        "extendedKeyUsage = serverAuth, clientAuth" if certificate.addresses else "extendedKeyUsage = clientAuth"
    )
    if certificate.addresses:
        lines.append(f"subjectAltName = {', '.join(certificate.addresses)}")
    return "\n".join(lines) + "\n"


def kubeconfig(authority: bytes, certificate: bytes, key: bytes) -> str:
    """A kubeconfig that holds all it needs and can be carried elsewhere."""
    encoded = [base64.b64encode(part).decode() for part in (authority, certificate, key)]
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": CONTEXT, "cluster": {"server": API_URL, "certificate-authority-data": encoded[0]}}],
            "users": [
                {"name": CONTEXT, "user": {"client-certificate-data": encoded[1], "client-key-data": encoded[2]}}
            ],
            "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
            "current-context": CONTEXT,
        },
        indent=2,
    )


def make_certificates(layout: Layout) -> None:
    """Have an authority, a certificate for everyone, and the kubeconfigs."""
    if layout.kubeconfig.exists():
        return
    layout.pki.mkdir(parents=True, exist_ok=True, mode=0o700)
    _make_authority(layout.pki)
    _make_key(layout.pki / "service-accounts.key")
    public = ["-pubout", "-out", f"{layout.pki}/service-accounts.pub"]
    run(["openssl", "pkey", "-in", layout.pki / "service-accounts.key", *public])
    for certificate in (*SERVERS, *CLIENTS, *OTHERS):
        _issue(layout.pki, certificate)
    for client in CLIENTS:
        parts = [(layout.pki / name).read_bytes() for name in ("ca.crt", f"{client.name}.crt", f"{client.name}.key")]
        path = layout.pki / f"{client.name}.kubeconfig"
        path.touch(0o600)
        path.write_text(kubeconfig(*parts), "utf-8")
    (layout.pki / "admin.kubeconfig").rename(layout.kubeconfig)


def _make_key(path: Path) -> None:
    run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path])


def _make_authority(pki: Path) -> None:
    _make_key(pki / "ca.key")
    request = ["openssl", "req", "-x509", "-new", "-key", f"{pki}/ca.key", "-subj", f"/CN={CONTEXT}", "-days", DAYS]
    run([*request, "-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature", "-out", pki / "ca.crt"])


def _issue(pki: Path, certificate: Certificate) -> None:
    key, request, extra = (pki / f"{certificate.name}.{end}" for end in ("key", "csr", "ext"))
    _make_key(key)
    extra.write_text(extensions(certificate), "utf-8")
    run(["openssl", "req", "-new", "-key", key, "-subj", certificate.subject, "-out", request])
    authority = ["-CA", f"{pki}/ca.crt", "-CAkey", f"{pki}/ca.key", "-CAcreateserial", "-days", DAYS]
    run(["openssl", "x509", "-req", "-in", request, *authority, "-extfile", extra, "-out", key.with_suffix(".crt")])
    request.unlink()
    extra.unlink()
