"""The `spec` of an ImageBatch resource and the model, both ways. Pure; the fields are those of the CRD."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imagebatch.model import names
from imagebatch.model.batch import Intent, OutputOptions, Resource
from imagebatch.model.request_ids import REQUEST_ID_PATTERN
from imagebatch.model.source import (
    ConfigMapSource,
    HandWritten,
    InlineSource,
    ObjectSource,
    RetrySource,
    Source,
    UrlSource,
)

if TYPE_CHECKING:
    from imagebatch.model.batch import Batch, BatchSpec

API_VERSION = "imagebatch.io/v1alpha1"
KIND = "ImageBatch"
PARALLELISM = 4  # the CRD's default
REQUEST_ID_LABEL = "imagebatch.io/request-id"

_NAME = re.compile(f"ib-({REQUEST_ID_PATTERN})")
# Fields of the spec that are fields of BatchSpec under another name.
_PLAIN = {
    "imagesPerShard": "images_per_shard",
    "parallelism": "parallelism",
    "retriesPerShard": "retries_per_shard",
    "failureThresholdPercent": "failure_threshold_percent",
    "activeDeadlineSeconds": "active_deadline_seconds",
}


def manifest(batch: Batch, resource: Resource) -> dict[str, Any]:
    """Return the resource that declares a request of the API. Schemas know no null: what is unset is left out."""
    spec: dict[str, Any] = {
        **_declared_source(batch),
        **{field: getattr(batch.spec, name) for field, name in _PLAIN.items()},
        "parallelism": batch.intent.parallelism,
        "suspend": batch.intent.suspend,
        "cancel": batch.intent.cancel,
        "webhook": _webhook(batch.spec),
    }
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": resource.name,
            "namespace": resource.namespace,
            "labels": {"app.kubernetes.io/name": "imagebatch", REQUEST_ID_LABEL: batch.request_id},
        },
        "spec": {field: value for field, value in spec.items() if value is not None},
    }


def declares(found: dict[str, Any], batch: Batch) -> bool:
    """Return whether a resource that has the name of a batch's stands for that batch: it has the same source."""
    spec, wanted = found["spec"], _declared_source(batch)
    return all(spec.get(field) == wanted.get(field) for field in ("source", "retryOf"))


def claimed_id(found: dict[str, Any]) -> str:
    """Return the id of the request that a resource seems to stand for: one of the API's by its name, else its uid."""
    metadata, spec = found["metadata"], found["spec"]
    named = _NAME.fullmatch(metadata["name"])
    if named:
        request_id = named[1]
        key, parent = spec.get("source", {}).get("objectKey"), spec.get("retryOf")
        if key == names.input_key(request_id) or (parent and names.retry_id(parent) == request_id):
            return request_id
    return str(metadata["uid"])


def resource_of(found: dict[str, Any]) -> Resource:
    """Return which resource it is."""
    metadata = found["metadata"]
    return Resource(metadata["namespace"], metadata["name"], metadata["uid"])


def is_going(found: dict[str, Any]) -> bool:
    """Return whether somebody deleted it and it waits for its finalizers."""
    return "deletionTimestamp" in found["metadata"]


def read_intent(found: dict[str, Any]) -> Intent:
    """Return what people want of the batch now."""
    spec = found["spec"]
    return Intent(
        suspend=spec.get("suspend", False),
        cancel=spec.get("cancel", False),
        parallelism=spec.get("parallelism", PARALLELISM),
        ttl_seconds=spec.get("ttlSecondsAfterFinished"),
    )


def hand_written(found: dict[str, Any], defaults: BatchSpec) -> HandWritten:
    """Return what somebody wrote; what it leaves open is as in `defaults`. Raises InvalidRequest, as options do."""
    spec = found["spec"]
    webhook = spec.get("webhook", {})
    plain = {name: spec[field] for field, name in _PLAIN.items() if field in spec}
    asked = replace(
        defaults,
        output=OutputOptions.from_json(spec.get("output", {})),
        webhook_url=webhook.get("url", defaults.webhook_url),
        webhook_key_name=webhook.get("keyName", defaults.webhook_key_name),
        **plain,
    )
    return HandWritten(resource_of(found), read_source(spec), asked)


def read_source(spec: dict[str, Any]) -> Source:
    """Return where the CSV comes from; the CRD sees to it that there is exactly one source."""
    if "retryOf" in spec:
        return RetrySource(spec["retryOf"])
    match spec["source"]:
        case {"objectKey": key, "sha256": sha256}:
            return ObjectSource(key, sha256)
        case {"inline": text}:
            return InlineSource(text)
        case {"configMapKeyRef": {"name": name, "key": key}}:
            return ConfigMapSource(name, key)
        case {"url": url}:
            return UrlSource(url)
    raise ValueError(f"no source in {spec['source']!r}")


def _declared_source(batch: Batch) -> dict[str, Any]:
    if batch.retry_of is not None:
        return {"retryOf": batch.retry_of}
    source = {"objectKey": names.input_key(batch.request_id), "sha256": batch.source_sha256}
    return {"source": source, "output": _without_none(batch.spec.output.to_json())}


def _webhook(spec: BatchSpec) -> dict[str, Any] | None:
    if not spec.webhook_url:
        return None
    return _without_none({"url": spec.webhook_url, "keyName": spec.webhook_key_name})


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
