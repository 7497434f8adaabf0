"""The one door: what a collector writes, a window reads from the same folder."""

from pathlib import Path

import numpy as np

from domain.plant.readings import reading_batch
from domain.plant.signals import Waveform
from storage.store import Store, open_store
from tests.storage.stored_plant import START_US, StillClock


def test_a_window_sees_what_the_collector_wrote(furnished: Store, still_clock: StillClock) -> None:
    window = open_store(furnished.folder.root, role="window", clock=still_clock)
    writer = furnished.open_history_writer()
    reader = window.open_history_reader()
    waveforms, kept = furnished.open_waveforms(is_writer=True), window.open_waveforms()
    batch = reading_batch([1], [70.1], quality=0, source_us=START_US, receive_us=START_US, sequence=1)
    writer.append(batch)
    assert writer.commit().samples == 1
    identity = waveforms.keep(Waveform(2, np.zeros(8, np.float32), 8.0, START_US, "g", 0), reason="alarm")
    assert reader.last_values([1]).value[0] == np.float32(70.1)
    assert reader.series(1, start_us=START_US, end_us=START_US + 1).value[0] == np.float32(70.1)
    assert kept.waveform(identity).samples.shape == (8,)
    assert window.plant.load() == furnished.plant.load()
    for each in (reader, kept, window, writer, waveforms):
        each.close()


def test_closing_twice_and_opening_again_is_harmless(tmp_path: Path, still_clock: StillClock) -> None:
    for _ in range(3):
        store = open_store(tmp_path, role="collector", clock=still_clock)
        store.close()
        store.close()
