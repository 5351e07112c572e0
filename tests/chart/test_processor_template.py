"""The processors' pod template is what the operator takes and what the contract says."""

from __future__ import annotations

from support import chart

from imagebatch_operator.job_manifest import check_template

CONTAINER = chart.pod_template()["spec"]["containers"][0]


def test_template_when_the_operator_reads_it_is_taken() -> None:
    assert check_template(chart.pod_template(chart.EVERYTHING))


def test_processor_when_nothing_is_said_has_the_resources_of_the_contract() -> None:
    assert CONTAINER["resources"] == {
        "requests": {"cpu": "250m", "memory": "1Gi"},
        "limits": {"cpu": "1", "memory": "1Gi"},
    }
    assert chart.pod_template()["spec"]["terminationGracePeriodSeconds"] == 20


def test_processor_when_its_limit_is_changed_shares_out_that_much() -> None:
    (memory,) = [each for each in CONTAINER["env"] if each["name"] == "IMAGEBATCH_SHARD_MEMORY_BYTES"]
    assert memory["valueFrom"] == {"resourceFieldRef": {"containerName": "processor", "resource": "limits.memory"}}


def test_processor_when_secrets_are_handed_out_sees_those_of_the_store_alone() -> None:
    (secrets,) = [each for each in chart.pod_template()["spec"]["volumes"] if each["name"] == "secrets"]
    (source,) = secrets["projected"]["sources"]
    assert source["secret"]["name"] == "imagebatch-store"
    assert not [name for name in chart.environment(CONTAINER) if "DATABASE" in name or "LINK" in name]


def test_processor_when_placed_by_values_is_placed_so() -> None:
    spec = chart.pod_template(chart.EVERYTHING)["spec"]
    assert spec["nodeSelector"] == {"disk": "ssd"}
    assert spec["tolerations"] == chart.PLACEMENT["tolerations"]
    assert spec["affinity"] == chart.PLACEMENT["affinity"]
    assert (spec["priorityClassName"], spec["runtimeClassName"]) == ("low", "gvisor")
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert chart.EVERYTHING["processor"]["extraEnv"][0] in spec["containers"][0]["env"]


def test_processors_when_spread_without_a_selector_are_found_by_the_operators_labels() -> None:
    (constraint,) = chart.pod_template(chart.EVERYTHING)["spec"]["topologySpreadConstraints"]
    labels = {"app.kubernetes.io/name": "imagebatch", "app.kubernetes.io/component": "processor"}
    assert constraint["labelSelector"] == {"matchLabels": labels}
    assert constraint["topologyKey"] == "kubernetes.io/hostname"
