from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from imagebatch.model.plan import Image

images = st.builds(
    Image,
    st.integers(min_value=0),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.tuples(st.integers(0, 50_000), st.integers(0, 20))).map(tuple),
)


@given(images)
def test_the_line_of_an_image_when_read_back_is_the_same_image(image: Image) -> None:
    line = image.to_line()

    assert Image.from_line(line) == image
    assert line.count(b"\n") == 1
    assert set(json.loads(line)) == {"index", "url", "slots"}
