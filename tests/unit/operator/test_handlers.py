"""What kopf is asked for: events and nothing that changes an object."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import kopf
import pytest
from kopf._core.intents.causes import Activity
from kopf._core.intents.handlers import ActivityHandler

from imagebatch_operator.handlers import Ears, configure, make_registry
from imagebatch_operator.job_manifest import SELECTOR
from imagebatch_operator.watch_health import PATIENCE_SECONDS


class Heard:
    """Ears that remember what they heard."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.silent = 0.0
        self.working = True

    def ears(self) -> Ears:
        return Ears(
            resource=lambda found, deleted: self.said.append(("resource", found["name"], deleted)),
            job=lambda found, deleted: self.said.append(("job", found["name"], deleted)),
            start=lambda: self.said.append("start"),
            stop=lambda: self.said.append("stop"),
            silent_seconds=lambda: self.silent,
            is_working=lambda: self.working,
        )


@pytest.fixture
def heard() -> Heard:
    return Heard()


def activities(registry: kopf.OperatorRegistry, activity: Activity) -> list[ActivityHandler]:
    return list(registry._activities.get_handlers(activity=activity))


def run(function: Callable[..., Any], **given: Any) -> Any:
    return asyncio.run(function(**given))


def test_registry_of_the_operator_has_nothing_that_adds_a_finalizer(heard: Heard) -> None:
    registry = make_registry(heard.ears())
    for changing in (registry._changing, registry._spawning, registry._indexing, registry._webhooks):
        assert changing.get_all_handlers() == []
    assert len(registry._watching.get_all_handlers()) == 2
    assert not any(getattr(each, "requires_finalizer", None) for each in registry._watching.get_all_handlers())
    assert [len(activities(registry, each)) for each in (Activity.STARTUP, Activity.CLEANUP, Activity.PROBE)] == [1] * 3


@pytest.mark.parametrize("kind", ["ADDED", "MODIFIED", "DELETED", None])
def test_event_of_each_type_is_told_with_whether_it_was_the_end(heard: Heard, kind: str | None) -> None:
    for handler in make_registry(heard.ears())._watching.get_all_handlers():
        run(handler.fn, event={"type": kind, "object": {"name": "a"}})
    assert sorted(heard.said) == [("job", "a", kind == "DELETED"), ("resource", "a", kind == "DELETED")]


def test_start_and_stop_of_kopf_are_those_of_the_rest(heard: Heard) -> None:
    registry = make_registry(heard.ears())
    [start] = activities(registry, Activity.STARTUP)
    [stop] = activities(registry, Activity.CLEANUP)
    run(start.fn, settings=kopf.OperatorSettings())
    run(stop.fn)
    assert heard.said == ["start", "stop"]


def test_probe_while_the_watch_tells_everything_is_good(heard: Heard) -> None:
    [probe] = activities(make_registry(heard.ears()), Activity.PROBE)
    heard.silent = PATIENCE_SECONDS
    assert run(probe.fn) is True


@pytest.mark.parametrize(
    ("silent", "working", "words"),
    [(PATIENCE_SECONDS + 1, True, "missed something for 91 s"), (0.0, False, "work queue has ended")],
)
def test_probe_when_something_is_dead_fails(heard: Heard, silent: float, working: bool, words: str) -> None:
    [probe] = activities(make_registry(heard.ears()), Activity.PROBE)
    heard.silent, heard.working = silent, working
    with pytest.raises(kopf.PermanentError, match=words):
        run(probe.fn)


def test_settings_of_kopf_keep_to_the_namespace_and_end_every_stream() -> None:
    settings = kopf.OperatorSettings()
    configure(settings)
    assert settings.scanning.disabled
    assert not settings.posting.enabled
    assert settings.watching.label_selectors["batch", "v1", "jobs"] == SELECTOR
    assert settings.watching.server_timeout < settings.watching.client_timeout
    assert settings.networking.request_timeout
