"""What the chart writes into the environment is what the programs read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from support import chart

from imagebatch import settings

PROGRAMS = {
    "imagebatch-api/api": settings.ApiSettings,
    "imagebatch-operator/operator": settings.ClusterOperatorSettings,
    "imagebatch-uninstall/uninstall": settings.UninstallSettings,
    "processor/processor": settings.ProcessorSettings,
}
# What Kubernetes fills in.
FILLED_IN = {"IMAGEBATCH_NAMESPACE": "imagebatch", "IMAGEBATCH_SHARD_MEMORY_BYTES": "1073741824"}


def read_by(name: str) -> set[str]:
    """The variables that a program reads."""
    return {variable for variable, _, _ in settings.variables(PROGRAMS[name])}


def loaded(name: str, values: Mapping[str, Any]) -> Any:
    """The settings that a program gets from the rendered chart, with every mounted secret `mounted`."""
    container = dict(chart.containers(values))[name]
    given = {each["name"]: each.get("value", FILLED_IN.get(each["name"], "")) for each in container["env"]}
    known = read_by(name)
    mounted = {key.removesuffix("_FILE"): "mounted" for key in given if key not in known}
    return settings.load(PROGRAMS[name], {**mounted, **given})


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_when_its_environment_is_the_charts_starts(name: str) -> None:
    assert loaded(name, chart.STORE)
    assert loaded(name, chart.EVERYTHING)


@pytest.mark.parametrize("name", PROGRAMS)
def test_variables_when_nothing_is_set_are_all_read_and_each_is_there_once(name: str) -> None:
    given = [each["name"] for each in dict(chart.containers())[name]["env"]]
    known = read_by(name)
    assert [key for key in given if key not in known and key.removesuffix("_FILE") not in known] == []
    assert len(given) == len(set(given))


def test_settings_when_numbers_are_large_are_written_plainly() -> None:
    limits = loaded("imagebatch-api/api", chart.EVERYTHING).intake
    assert limits.max_upload_bytes == 20 * 1024 * 1024
    assert loaded("processor/processor", chart.EVERYTHING).fetch.fetch_deadline_seconds == 2.5


def test_live_counts_when_nothing_is_said_cost_the_api_server_less() -> None:
    assert loaded("imagebatch-operator/operator", chart.STORE).operator.progress_seconds == 3.0
    values = {**chart.STORE, "settings": {"IMAGEBATCH_PROGRESS_SECONDS": 0.5}}
    assert loaded("imagebatch-operator/operator", values).operator.progress_seconds == 0.5


def test_cluster_ranges_when_given_are_refused_beside_those_of_the_settings() -> None:
    values = {
        **chart.STORE,
        "clusterCidrs": ["198.51.100.0/24"],
        "settings": {"IMAGEBATCH_FETCH_REFUSE": "192.0.2.0/24"},
    }
    assert loaded("processor/processor", values).fetch.fetch_refuse == "198.51.100.0/24,192.0.2.0/24"
    assert loaded("imagebatch-operator/operator", values).operator.webhooks.webhook_refuse == "198.51.100.0/24"


def test_pictures_of_the_test_when_it_serves_them_are_allowed_beside_others() -> None:
    values = {
        **chart.STORE,
        "test": {"podCidr": "10.0.0.0/8"},
        "settings": {"IMAGEBATCH_FETCH_ALLOW": "10.1.2.3/32:80"},
    }
    assert loaded("processor/processor", values).fetch.fetch_allow == "10.1.2.3/32:80,10.0.0.0/8:8099"
    assert loaded("processor/processor", chart.STORE).fetch.fetch_allow == ""


@pytest.mark.parametrize(
    ("variable", "instead"),
    [("LINK_SECRET", "links.existingSecret"), ("PUBLIC_URL", "set publicUrl"), ("PORT", "the chart sets it")],
)
def test_setting_when_it_has_a_place_of_its_own_is_sent_there(variable: str, instead: str) -> None:
    with pytest.raises(chart.Refused, match=f"settings.IMAGEBATCH_{variable}: .*{instead}"):
        chart.objects({**chart.STORE, "settings": {f"IMAGEBATCH_{variable}": "x"}})
