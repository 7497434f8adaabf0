"""What the tests of the services share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.store import Store, open_store
from tests.conftest import FakeClock


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    opened = open_store(tmp_path, role="tool", clock=clock)
    yield opened
    opened.close()
