"""What Helm runs when a release is removed: one Job, after everything else, that cannot hold that up for long."""

from __future__ import annotations

from typing import Any

import pytest
from support import chart

HOOK, WEIGHT = "helm.sh/hook", "helm.sh/hook-weight"
ALIKE = ("nodeSelector", "tolerations", "affinity", "priorityClassName", "imagePullSecrets", "securityContext")


def job(values: Any = chart.EVERYTHING) -> chart.Object:
    spec: chart.Object = chart.named("Job", "-uninstall", values)["spec"]
    return spec


def test_hooks_when_installed_are_the_test_and_what_ends_the_jobs() -> None:
    kinds = {each["kind"]: each["metadata"]["annotations"][HOOK] for each in chart.hooks(chart.EVERYTHING)}
    assert kinds == {
        "Pod": "test",
        # In a namespace that is going it is refused, and has Helm stop before anything is deleted.
        "ServiceAccount": "pre-delete,post-delete",
        "Role": "post-delete",
        "RoleBinding": "post-delete",
        "Job": "post-delete",
    }


def test_hooks_when_run_come_in_order_and_leave_nothing() -> None:
    marks = {each["kind"]: each["metadata"]["annotations"] for each in chart.hooks()}
    weights = {kind: int(each[WEIGHT]) for kind, each in marks.items()}
    assert weights["RoleBinding"] > weights["Role"]
    assert weights["Job"] == max(weights.values())
    policies = {each["helm.sh/hook-delete-policy"] for each in marks.values()}
    assert policies == {"before-hook-creation,hook-succeeded,hook-failed"}


def test_job_when_its_image_cannot_be_pulled_ends_soon() -> None:
    assert job()["activeDeadlineSeconds"] == 75
    assert job()["backoffLimit"] == 1


@pytest.mark.parametrize("values", [chart.STORE, chart.EVERYTHING], ids=["least", "everything"])
def test_job_when_put_on_a_node_is_like_the_operator(values: dict[str, Any]) -> None:
    operator = chart.named("Deployment", "-operator", values)["spec"]["template"]
    pod = job(values)["template"]
    assert {key: pod["spec"].get(key) for key in ALIKE} == {key: operator["spec"].get(key) for key in ALIKE}
    (ours,), (theirs,) = pod["spec"]["containers"], operator["spec"]["containers"]
    for key in ("image", "imagePullPolicy", "resources", "securityContext"):
        assert ours[key] == theirs[key]
    added = values.get("operator", {}).get("annotations", {})
    assert pod["metadata"].get("annotations", {}) == added


def test_job_when_it_waits_for_the_operator_asks_for_its_pods_and_not_for_its_own() -> None:
    (container,) = job()["template"]["spec"]["containers"]
    program, selector = container["args"]
    assert program == "imagebatch_operator.uninstall"
    wanted = dict(term.split("=") for term in selector.split(","))
    assert wanted == chart.named("Deployment", "-operator", chart.EVERYTHING)["spec"]["selector"]["matchLabels"]
    assert not wanted.items() <= job()["template"]["metadata"]["labels"].items()


def test_job_when_network_policies_are_on_is_selected_by_none() -> None:
    labels = job()["template"]["metadata"]["labels"]
    for each in chart.objects(chart.EVERYTHING):
        if each["kind"] == "NetworkPolicy":
            assert not each["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
