"""The Job of a batch, and the pod template that it is made of."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta, timezone
from typing import Any

import pytest
from support.cluster_batches import REQUEST_ID, UID
from support.cluster_jobs import TEMPLATE, job_spec
from support.sample_batches import NOON

from imagebatch.model.errors import Misconfigured
from imagebatch_operator.job_manifest import check_template, job_manifest

FULL = {
    "metadata": {"labels": {"app.kubernetes.io/instance": "mine"}, "annotations": {"scanner.example/skip": "yes"}},
    "spec": {
        "serviceAccountName": "imagebatch-processor",
        "automountServiceAccountToken": False,
        "restartPolicy": "OnFailure",
        "nodeSelector": {"disk": "fast"},
        "containers": [
            {"name": "processor", "image": "registry.example/processor:1", "env": [{"name": "A", "value": "1"}]}
        ],
    },
}
LABELS = {
    "app.kubernetes.io/name": "imagebatch",
    "app.kubernetes.io/component": "processor",
    "app.kubernetes.io/managed-by": "imagebatch-operator",
    "imagebatch.io/request-id": REQUEST_ID,
}
MARKS = {"imagebatch.io/accepted-at": "2026-03-04T12:00:00.000000+00:00"}


JOB = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {
        "name": f"ib-{REQUEST_ID}",
        "namespace": "shop",
        "labels": LABELS,
        "annotations": MARKS,
        "ownerReferences": [
            {
                "apiVersion": "imagebatch.io/v1alpha1",
                "kind": "ImageBatch",
                "name": f"ib-{REQUEST_ID}",
                "uid": UID,
                "controller": True,
                "blockOwnerDeletion": False,
            }
        ],
    },
    "spec": {
        "completionMode": "Indexed",
        "completions": 10,
        "parallelism": 4,
        "suspend": False,
        "backoffLimitPerIndex": 3,
        "maxFailedIndexes": 10,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {
            "rules": [
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                {
                    "action": "Ignore",
                    "onExitCodes": {"containerName": "processor", "operator": "In", "values": [43, 143]},
                },
                {
                    "action": "FailIndex",
                    "onExitCodes": {"containerName": "processor", "operator": "In", "values": [42]},
                },
            ]
        },
        "activeDeadlineSeconds": 90_000,
        "template": {
            "metadata": {
                "labels": {"app.kubernetes.io/instance": "mine", **LABELS},
                "annotations": {"scanner.example/skip": "yes", **MARKS},
            },
            "spec": {
                "serviceAccountName": "imagebatch-processor",
                "automountServiceAccountToken": False,
                "restartPolicy": "Never",
                "nodeSelector": {"disk": "fast"},
                "containers": [
                    {
                        "name": "processor",
                        "image": "registry.example/processor:1",
                        "env": [{"name": "A", "value": "1"}, {"name": "REQUEST_ID", "value": REQUEST_ID}],
                    }
                ],
            },
        },
    },
}


def test_job_of_a_batch_is_all_that_is_promised() -> None:
    assert job_manifest(job_spec(), FULL) == JOB


def test_job_when_made_twice_is_the_same_and_leaves_the_template_alone() -> None:
    template = deepcopy(FULL)
    assert job_manifest(job_spec(), template) == job_manifest(job_spec(), template)
    assert template == FULL


def test_job_of_a_batch_that_rests_starts_suspended_and_keeps_no_time() -> None:
    spec = job_manifest(job_spec(suspended=True, active_deadline_seconds=None), TEMPLATE)["spec"]
    assert spec["suspend"] is True
    assert "activeDeadlineSeconds" not in spec
    assert "ttlSecondsAfterFinished" not in spec


def test_job_accepted_elsewhere_in_the_world_is_marked_in_utc_to_the_microsecond() -> None:
    at = NOON.replace(microsecond=5).astimezone(timezone(timedelta(hours=9)))
    marks = job_manifest(job_spec(accepted_at=at), TEMPLATE)["metadata"]["annotations"]
    assert marks == {"imagebatch.io/accepted-at": "2026-03-04T12:00:00.000005+00:00"}


@pytest.mark.parametrize("missing", [{"resource": None}, {"accepted_at": None}])
def test_job_of_what_has_no_resource_is_a_mistake(missing: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="has no resource"):
        job_manifest(job_spec(**missing), TEMPLATE)


def test_template_with_empty_fields_is_read_as_if_they_were_not_there() -> None:
    empty = {
        "metadata": {"labels": None, "annotations": None},
        "spec": {"containers": [{"name": "processor", "image": "x", "env": None}]},
    }
    made = job_manifest(job_spec(), check_template(empty))
    assert made["spec"]["template"]["metadata"]["labels"] == LABELS
    assert made["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "REQUEST_ID", "value": REQUEST_ID}]
    assert job_manifest(job_spec(), check_template({**empty, "metadata": None})) == made
    assert check_template(FULL) == FULL


@pytest.mark.parametrize(
    "template",
    [
        None,
        "",
        [],
        {},
        {"spec": None},
        {"spec": {"containers": []}},
        {"spec": {"containers": None}},
        {"spec": {"containers": ["processor"]}},
        {"spec": {"containers": [{"image": "x"}]}},
        {"spec": {"containers": [{"name": "worker"}]}},
        {"spec": {"containers": [{"name": "processor"}, {"name": "sidecar"}]}},
        {"metadata": "x", "spec": {"containers": [{"name": "processor"}]}},
    ],
)
def test_template_without_the_one_container_is_refused_at_the_start(template: Any) -> None:
    with pytest.raises(Misconfigured, match="exactly one container, named processor"):
        check_template(template)
