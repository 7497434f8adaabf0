"""Live values in words: what a device itself said of a value that is not good [Decisions, Quality]."""

from uuid import UUID

import numpy as np
import pytest

from domain.plant.quality import BAD_DEVICE, GOOD
from domain.plant.readings import reading_batch
from domain.plant.tags import Tag, TagKind
from ui.screens.readings import Readings

TAG = Tag(UUID(int=1), 7, "T1", "Bearing", TagKind.MEASURED, "degC", UUID(int=2))


@pytest.mark.parametrize(
    ("quality", "status", "tip"),
    [
        (BAD_DEVICE, 0x808C0000, "the device calls it bad (BadSensorFailure)"),
        (BAD_DEVICE, 0x80FF0000, "the device calls it bad (0x80FF0000)"),
        (BAD_DEVICE, 0, "the device calls it bad"),
        (GOOD, 0, ""),
    ],
)
def test_the_tip_of_a_value_has_the_word_of_its_device(quality: int, status: int, tip: str) -> None:
    raw = np.array([status], np.uint32)
    batch = reading_batch([7], [80.0], quality=quality, source_us=1, receive_us=1, raw_status=raw)
    assert Readings(batch, now_us=2, is_simulated=False).shown(TAG).tip == tip
