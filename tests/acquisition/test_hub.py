"""What the hub hands on: present values to everybody, back-filled ones to history only."""

from pathlib import Path

import numpy as np

from acquisition.hub import TagHub
from acquisition.shared_memory.ring_buffer import WaveformRing
from acquisition.shared_memory.value_table import ValueTable
from domain.plant.quality import GOOD, QualityFlag
from domain.plant.readings import ReadingBatch, reading_batch

PAST = GOOD | int(QualityFlag.BACK_FILLED)


def test_back_filled_values_reach_history_but_neither_screens_nor_alarms(tmp_path: Path) -> None:
    """ACQ-7: what a device kept while the link was away never overwrites what is true now."""
    values = ValueTable.create(tmp_path, [1, 2], epoch=1)
    rings = WaveformRing.create(tmp_path, [], epoch=1)
    hub = TagHub(values, rings)
    now: list[ReadingBatch] = []
    past: list[ReadingBatch] = []
    hub.on_batch(now.append)
    hub.on_past(past.append)
    hub.publish(
        reading_batch([1, 1, 2], [5.0, 99.0, 7.0], quality=[GOOD, PAST, PAST], source_us=9, receive_us=9)
    )
    assert [batch.value.tolist() for batch in now] == [[5.0]]
    assert [batch.value.tolist() for batch in past] == [[99.0, 7.0]]
    latest = values.read(np.array([1, 2], dtype=np.int32))
    assert latest.value[0] == 5.0
    assert np.isnan(latest.value[1])
    values.close()
    rings.close()
