"""Settings that the supervisor itself reads: a wrong one is told, not a traceback."""

from __future__ import annotations

import pytest

from imagebatch.model.errors import Misconfigured
from imagebatch_embedded.user_settings import is_given, number


@pytest.mark.parametrize("text", ["abc", "-1", "", "1.5", "٣", "1025"])
def test_number_when_it_is_none_within_the_limit_is_refused_by_name(text: str) -> None:
    with pytest.raises(Misconfigured, match="IMAGEBATCH_LOCAL_SHARDS must be a whole number from 0 to 1024"):
        number({"IMAGEBATCH_LOCAL_SHARDS": text}, "IMAGEBATCH_LOCAL_SHARDS", 1024)


def test_number_when_given_is_read_and_0_when_not() -> None:
    assert number({"IMAGEBATCH_PORT": "9000"}, "IMAGEBATCH_PORT", 65_535) == 9000
    assert number({}, "IMAGEBATCH_PORT", 65_535) == 0


def test_setting_when_its_file_is_named_is_given() -> None:
    assert is_given({"IMAGEBATCH_DATABASE_URL_FILE": "/run/url"}, "IMAGEBATCH_DATABASE_URL")
    assert not is_given({}, "IMAGEBATCH_DATABASE_URL")
