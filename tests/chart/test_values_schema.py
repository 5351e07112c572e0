"""Values that the chart does not know, or that cannot be right, are refused by name before anything is installed."""

from __future__ import annotations

from typing import Any

import chart_pages
import pytest
import yaml
from support import chart


def refused(path: str, value: Any) -> str:
    """What is said of one value, given by its path."""
    *folders, name = path.split(".")
    values: dict[str, Any] = {"store": dict(chart.STORE["store"])}
    place = values
    for folder in folders:
        place = place.setdefault(folder, {})
    place[name] = value
    with pytest.raises(chart.Refused) as caught:
        chart.objects(values)
    return str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("replicas", 2, "additional properties 'replicas' not allowed"),
        ("api.replica", 2, "at '/api': additional properties 'replica' not allowed"),
        ("api.replicas", -1, "at '/api/replicas': minimum: got -1, want 0"),
        ("api.replicas", "2", "at '/api/replicas': got string, want integer"),
        ("api.tmpSize", "large", "at '/api/tmpSize': 'large' does not match"),
        ("processor.image.digest", "abc", "at '/processor/image/digest': 'abc' does not match"),
        ("processor.resources.limits.memory", None, "at '/processor/resources/limits': missing property 'memory'"),
        ("settings.IMAGEBATCH_MAX_ROW", 1, "additional properties 'IMAGEBATCH_MAX_ROW' not allowed"),
        ("settings.MAX_ROWS", 1, "additional properties 'MAX_ROWS' not allowed"),
        ("logFormat", "xml", "at '/logFormat': value must be one of 'json', 'console'"),
        ("publicUrl", "images.example.com", "at '/publicUrl': 'images.example.com' does not match"),
        ("clusterCidrs", ["10.0.0.0"], "at '/clusterCidrs/0': '10.0.0.0' does not match"),
        ("networkPolicy.apiServerPorts", [], "at '/networkPolicy/apiServerPorts': minItems: got 0, want 1"),
        ("httpRoute.enabled", True, "at '/httpRoute/parentRefs': minItems: got 0, want 1"),
        ("service.type", "ExternalName", "at '/service/type': value must be one of"),
        ("links.existingSecret", "", "at '/links/existingSecret': '' does not match"),
        ("store.endpoint", "", "store.endpoint is not set"),
    ],
)
def test_value_when_it_cannot_be_right_is_refused_by_its_name(path: str, value: Any, words: str) -> None:
    assert words in refused(path, value)


def test_values_when_everything_is_switched_on_are_taken() -> None:
    assert chart.objects(chart.EVERYTHING)


def test_values_when_written_down_are_all_explained() -> None:
    text = chart_pages.VALUES.read_text("utf-8")
    explained = {path for path, _, _ in chart_pages.values(text)}

    def leaves(found: Any, path: str = "") -> set[str]:
        if path in explained or not isinstance(found, dict) or not found:
            return {path}
        return {leaf for name, each in found.items() for leaf in leaves(each, f"{path}.{name}".lstrip("."))}

    assert leaves(yaml.safe_load(text)) == explained
