"""docs/reference/imagebatch-resource.md: the fields of the ImageBatch resource. Called by reference_pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
DEFINITION = ROOT / "charts" / "imagebatch" / "crd" / "imagebatches.yaml"
PAGE = ROOT / "docs" / "reference" / "imagebatch-resource.md"

HEAD = """\
# The ImageBatch resource

On a cluster a batch is a resource: `imagebatch.io/v1alpha1`, kind `ImageBatch`, short name `ib`, category `imagebatch`.
The REST service makes one for every upload, named `ib-<request id>`. One that people write is a request of its own,
under any name; its request id is the resource's `metadata.uid`, its owner `k8s:<namespace>`. It needs the operator and
not the REST service. The operator serves the namespace that it runs in.

```yaml
apiVersion: imagebatch.io/v1alpha1
kind: ImageBatch
metadata:
  name: autumn-catalogue
spec:
  source:
    configMapKeyRef: {name: autumn-catalogue, key: products.csv}
  output: {format: WebP, quality: 60, maxWidth: 1600}
```

`kubectl explain imagebatch.spec` says what this page says. [manifests/samples](../../manifests/samples) has a resource
of each kind.

## Where the CSV comes from

A resource names exactly one source:

| source | what it is for | sample |
| --- | --- | --- |
| `source.inline` | a few rows, in the resource itself | [inline.yaml](../../manifests/samples/inline.yaml) |
| `source.configMapKeyRef` | up to 1 MiB, kept beside the resource | \
[configmap.yaml](../../manifests/samples/configmap.yaml) |
| `source.url` | what a shop or a build exports | [url.yaml](../../manifests/samples/url.yaml) |
| `source.objectKey` with `source.sha256` | large files, which people put under the inbox prefix of the bucket | \
[objectkey.yaml](../../manifests/samples/objectkey.yaml) |
| `retryOf` | the failed images of a request that has ended | [retry.yaml](../../manifests/samples/retry.yaml) |

The CSV is read once and copied: what becomes of the ConfigMap, the address or the object later changes nothing. The
rules are those of every upload ([csv.md](csv.md)). A CSV that breaks them, or cannot be read, ends the batch as
`Failed` with the reason `InvalidSource`; the message names the rows.

A retry takes CSV and `output` from the request that it mends, so neither may stand beside `retryOf`, not even with
its default value. Everything else is the retry's own.

Secrets have no place in a resource: signing keys are named (`webhook.keyName`), and addresses with a user name or
password are refused.

## What may change

`suspend`, `cancel`, `parallelism` and `ttlSecondsAfterFinished` may be changed at any time, but a `cancel` that is true
stays true. Everything else is fixed: the API server refuses to add, change or remove it, with a sentence that names the
field. To ask for something else, make another resource.

```sh
kubectl patch ib autumn-catalogue --type merge -p '{"spec":{"suspend":true}}'
```

Only these three fields get a default from the API server: `suspend` false, `cancel` false, `parallelism` 4. The others
stay unset, and the table says what then holds.

## Following it

```sh
kubectl get ib -w
kubectl wait --for=condition=Complete ib/autumn-catalogue --timeout=1h
kubectl wait --for=jsonpath='{.status.completionTime}' ib/autumn-catalogue --timeout=1h   # Completed or Failed
```

The status is for people: nothing decides by it, and the results are not in it. `status`, `reason` and the counts mean
what [statuses.md](statuses.md) says.

| condition | is True when |
| --- | --- |
| `Accepted` | the source was read and the batch stored; False: it could not be, and the message says why |
| `Suspended` | no pods run because `suspend` is true |
| `ResultsPublished` | the output CSV is there, `status.resultUrl` leads to it |
| `WebhookDelivered` | the receiver took the message; Unknown: not yet; False: it was given up. Only with a webhook |
| `Complete` | the status is `Completed` |
| `Failed` | the status is `Failed` |
"""

TAIL = """
This page is written by `make fmt` from `charts/imagebatch/crd/imagebatches.yaml`.
"""


def version() -> dict[str, Any]:
    """Return the one version of the resource's definition."""
    (only,) = yaml.safe_load(DEFINITION.read_text("utf-8"))["spec"]["versions"]
    return dict(only)


def page() -> str:
    """Return the whole page."""
    parts = version()["schema"]["openAPIV3Schema"]["properties"]
    return HEAD + _columns() + _section("spec", parts["spec"]) + _section("status", parts["status"]) + TAIL


def _columns() -> str:
    rows = (
        f"| {each['name'].upper()} | {'wide' if each.get('priority') else 'always'} | `{each['jsonPath']}` | "
        f"{each['description']} |\n"
        for each in version()["additionalPrinterColumns"]
    )
    return "\n## Columns\n\n| column | shown | from | meaning |\n| --- | --- | --- | --- |\n" + "".join(rows)


def _section(title: str, of: dict[str, Any]) -> str:
    head = f"\n## {title}\n\n{_explained(of)}\n\n| field | type | meaning |\n| --- | --- | --- |\n"
    return head + "".join(f"| `{path}` | {_kind(field)} | {_explained(field)} |\n" for path, field in _fields(of))


def _fields(of: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, field in of.get("properties", {}).items():
        yield path + name, field
        yield from _fields(field, f"{path}{name}.")
        yield from _fields(field.get("items", {}), f"{path}{name}[].")


def _explained(field: dict[str, Any]) -> str:
    """Return a description with the field's name, its first word, set as code."""
    name, separator, rest = str(field["description"]).partition(" ")
    word = name.rstrip(":")
    return f"`{word}`{name[len(word) :]}{separator}{rest}"


def _kind(field: dict[str, Any]) -> str:
    """Return a field's type with its words or bounds."""
    if "enum" in field:
        return " or ".join(f"`{word}`" for word in field["enum"])
    if field.get("format") == "date-time":
        return "time"
    lengths = field["type"] == "string"
    least, most = ("minLength", "maxLength") if lengths else ("minimum", "maximum")
    return ", ".join(filter(None, [field["type"], _bounds(field.get(least), field.get(most), lengths)]))


def _bounds(least: int | None, most: int | None, are_lengths: bool) -> str:
    unit = " characters" if are_lengths else ""
    if most is None:
        return ""
    if least == most:
        return f"{most:,}{unit}"
    return f"{least:,} to {most:,}{unit}" if least is not None else f"up to {most:,}{unit}"
