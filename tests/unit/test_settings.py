"""Settings come from variables or files, every problem is named at once, and no secret shows in a repr."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagebatch.model.errors import Misconfigured
from imagebatch.settings import (
    ApiSettings,
    EmbeddedSettings,
    IntakeSettings,
    OperatorSettings,
    ProcessorSettings,
    load,
    variables,
)

STORE = {
    "IMAGEBATCH_S3_ENDPOINT": "http://127.0.0.1:9000",
    "IMAGEBATCH_S3_ACCESS_KEY": "access",
    "IMAGEBATCH_S3_SECRET_KEY": "very-secret",
}


def test_load_when_only_what_must_be_is_given_has_defaults():
    settings = load(ProcessorSettings, STORE)
    assert settings.fetch.fetch_max_bytes == 25 * 1024 * 1024
    assert settings.shard.shard_flush_seconds == 2.0


def test_load_reads_numbers_as_numbers():
    settings = load(ProcessorSettings, {**STORE, "IMAGEBATCH_FETCH_ATTEMPTS": "7", "IMAGEBATCH_DECODE_SECONDS": "1.5"})
    assert (settings.fetch.fetch_attempts, settings.shard.decode_seconds) == (7, 1.5)


def test_load_when_things_are_wrong_names_all_of_them():
    with pytest.raises(Misconfigured) as caught:
        load(ProcessorSettings, {"IMAGEBATCH_S3_ENDPOINT": "http://s3", "IMAGEBATCH_FETCH_ATTEMPTS": "many"})
    for variable in ("IMAGEBATCH_S3_ACCESS_KEY", "IMAGEBATCH_S3_SECRET_KEY", "IMAGEBATCH_FETCH_ATTEMPTS"):
        assert variable in caught.value.message


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("IMAGEBATCH_FETCH_ATTEMPTS", "0"),
        ("IMAGEBATCH_SHARD_WORKERS", "-1"),
        ("IMAGEBATCH_DECODE_SECONDS", "0"),
        ("IMAGEBATCH_DECODE_SECONDS", "inf"),
        ("IMAGEBATCH_DECODE_SECONDS", "nan"),
    ],
)
def test_load_when_a_number_makes_no_sense_names_the_variable(variable: str, text: str):
    with pytest.raises(Misconfigured, match=f"{variable}: must be at least"):
        load(ProcessorSettings, {**STORE, variable: text})


def test_load_when_zero_means_something_takes_it():
    settings = load(ProcessorSettings, {**STORE, "IMAGEBATCH_SHARD_WORKERS": "0"})
    assert settings.shard.shard_workers == 0


def test_load_reads_a_secret_from_its_file(tmp_path: Path):
    file = tmp_path / "key"
    file.write_text("from-a-file\n")
    environ = {key: value for key, value in STORE.items() if not key.endswith("SECRET_KEY")}
    settings = load(ProcessorSettings, {**environ, "IMAGEBATCH_S3_SECRET_KEY_FILE": str(file)})
    assert settings.store.s3_secret_key == "from-a-file"


def test_load_when_the_file_is_missing_names_the_variable():
    environ = {key: value for key, value in STORE.items() if not key.endswith("SECRET_KEY")}
    with pytest.raises(Misconfigured, match="IMAGEBATCH_S3_SECRET_KEY"):
        load(ProcessorSettings, {**environ, "IMAGEBATCH_S3_SECRET_KEY_FILE": "/nowhere"})


def test_repr_of_settings_shows_no_secret():
    assert "very-secret" not in repr(load(ProcessorSettings, STORE))


@pytest.mark.parametrize("program", [ApiSettings, OperatorSettings, ProcessorSettings, EmbeddedSettings])
def test_every_setting_has_a_variable_of_its_own_and_a_sentence(program: type):
    listed = list(variables(program))
    assert len({variable for variable, _, _ in listed}) == len(listed)
    assert all(field.metadata["help"].endswith(".") for _, _, field in listed)


@pytest.mark.parametrize("variable", ["PARALLELISM", "RETRIES_PER_SHARD", "ACTIVE_DEADLINE_SECONDS"])
def test_setting_when_over_what_the_resource_takes_is_refused(variable: str) -> None:
    with pytest.raises(Misconfigured, match=f"IMAGEBATCH_{variable}: must be at most"):
        load(IntakeSettings, {f"IMAGEBATCH_{variable}": "31536001"})
