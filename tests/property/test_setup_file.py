"""A set-up file with anything anywhere is refused with complaints or read whole; it never raises [T-12]."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from storage.setup_file import SetUp, export_set_up, read_set_up
from tests.storage.stored_plant import make_hot_rule, make_small_plant

TEXT = export_set_up(SetUp(make_small_plant(), (make_hot_rule(),)))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Every group or list of a content with every key or index of it."""
    keys = content.keys() if isinstance(content, dict) else range(len(content))
    for key in list(keys):
        yield content, key
        if isinstance(content[key], dict | list):
            yield from places(content[key])


@given(st.data(), ANYTHING)
def test_anything_anywhere_is_told_or_read(data: st.DataObject, value: object) -> None:
    content = json.loads(TEXT)
    group, key = data.draw(st.sampled_from(list(places(content))))
    group[key] = value
    reading = read_set_up(json.dumps(content))
    assert (reading.set_up is None) == bool(reading.complaints)
    if reading.set_up is not None:
        assert read_set_up(export_set_up(reading.set_up)).complaints == ()
