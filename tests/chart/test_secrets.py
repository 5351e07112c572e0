"""Secrets are mounted or referred to, never written into anything but a Secret."""

from __future__ import annotations

import pytest
from support import chart

from imagebatch import settings

PROGRAMS = (settings.ApiSettings, settings.ClusterOperatorSettings, settings.ProcessorSettings)
SECRET = {name for program in PROGRAMS for name, _, each in settings.variables(program) if not each.repr}


def test_container_when_it_needs_a_secret_is_given_a_file() -> None:
    given = {name for _, container in chart.containers(chart.EVERYTHING) for name in chart.environment(container)}
    assert not SECRET & given
    assert {f"{name}_FILE" for name in SECRET} <= given


def test_secrets_of_dev_when_made_stand_nowhere_else() -> None:
    made = [each for each in chart.objects(chart.EVERYTHING) if each["kind"] == "Secret"]
    others = str([each for each in chart.objects(chart.EVERYTHING) if each["kind"] != "Secret"])
    values = [value.strip() for each in made for value in each["stringData"].values()]
    assert len(values) == 8
    assert [value for value in values if value in others] == ["imagebatch"]  # the access key: a name


def test_secrets_when_nothing_is_for_development_are_left_to_people() -> None:
    assert chart.names_of("Secret") == set()


def test_secrets_of_dev_when_rendered_twice_are_the_same_and_by_another_seed_others() -> None:
    again = chart.objects({**chart.EVERYTHING, "api": {"replicas": 1}})
    other = chart.objects({**chart.EVERYTHING, "dev": {**chart.DEV["dev"], "seed": "another seed, as long"}})
    secrets = [
        [each["stringData"] for each in found if each["kind"] == "Secret"]
        for found in (chart.objects(chart.EVERYTHING), again, other)
    ]
    assert secrets[0] == secrets[1] != secrets[2]


def test_seed_when_dev_parts_are_on_without_one_is_asked_for() -> None:
    with pytest.raises(chart.Refused, match=r"dev\.seed is not set"):
        chart.objects({"dev": {"s3": {"enabled": True}}})


@pytest.mark.parametrize(
    ("value", "secret"),
    [("database", "db"), ("store", "bucket"), ("links", "signing"), ("apiKeys", "keys"), ("webhooks", "hooks")],
)
def test_secret_when_another_one_is_named_is_that(value: str, secret: str) -> None:
    given = {value: {**chart.STORE.get(value, {}), "existingSecret": f"other-{secret}"}}
    assert f"other-{secret}" in chart.text({**chart.STORE, **given})
    assert f"other-{secret}" not in chart.text()
