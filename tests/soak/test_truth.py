"""The judge of the soaks: a plant that stood still is left out, a lost row is found, on real files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from acquisition.simulators.ledger import Ledger
from acquisition.simulators.order import PlantOrder
from domain.plant.plant import Plant
from domain.plant.readings import reading_batch
from domain.plant.tags import TagDtype
from storage.data_folder import DataFolder, prepare_data_folder
from storage.history.file import HistoryFile
from storage.history.historian import Historian
from storage.history.reader import StoredHistory
from tests.soak.truth import SECOND, Comparison, Interval, Truth, moving
from tests.storage.stored_plant import StillClock

T0 = 1_760_000_400 * SECOND
WHOLE = Interval(T0, T0 + 60 * SECOND)
TYPES = {1: TagDtype.FLOAT32}


def _counts(seconds: Sequence[float]) -> list[dict[str, object]]:
    return [{"kind": "served", "at_us": T0 + round(each * SECOND)} for each in seconds]


def test_an_interval_in_which_the_server_counts_each_second_stays_whole() -> None:
    lines = _counts([number + 0.5 for number in range(60)])
    for server in ("modbus", "opcua"):
        assert moving(WHOLE, lines, server=server) == [WHOLE]


def test_a_server_that_stood_still_unasked_is_judged_before_and_well_after_it() -> None:
    lines = _counts([*range(1, 21), *range(27, 60)])
    before, after = moving(WHOLE, lines, server="opcua")
    assert before == Interval(T0, T0 + 19_500_000)
    assert after == Interval(T0 + 36 * SECOND, WHOLE.end_us)


def test_a_pause_that_the_product_must_bridge_is_no_excuse() -> None:
    lines = _counts([*range(1, 21), *range(23, 60)])
    assert moving(WHOLE, lines, server="opcua") == [WHOLE], "3 s: the subscription holds them"
    assert moving(WHOLE, lines, server="modbus") != [WHOLE], "an answer so late is no answer"


def test_a_server_that_never_moves_again_leaves_nothing_to_judge_after_it() -> None:
    (before,) = moving(WHOLE, _counts(range(1, 21)), server="opcua")
    assert before.end_us < T0 + 20 * SECOND


class Judged:
    """A ledger of one minute and a history of it, with seconds that either of them lacks."""

    def __init__(self, folder: Path, plant: Plant, *, still: range, lost: Sequence[int]) -> None:
        self._files = prepare_data_folder(folder)
        self._truth = Truth(folder, PlantOrder(T0, 1, 2, 3), plant)
        self._serve(folder, still)
        self._store(self._files, [each for each in range(1, 60) if each not in (*still, *lost)])

    @staticmethod
    def _serve(folder: Path, still: range) -> None:
        ledger = Ledger(folder / "ledger" / "modbus.jsonl", server="modbus")
        for second in range(60):
            if second in still:
                continue
            ledger.served("PLC", 1 if second else 0)
            ledger.flush(T0 + second * SECOND + SECOND // 2)
        ledger.close(T0 + 60 * SECOND)

    @staticmethod
    def _store(files: DataFolder, seconds: Sequence[int]) -> None:
        historian = Historian(HistoryFile(files), clock=StillClock(T0 + 60 * SECOND), dtypes=TYPES)
        times = T0 + np.array(seconds, dtype=np.int64) * SECOND
        keys = np.ones(len(times), dtype=np.int32)
        values = np.sin(times / SECOND)
        historian.append(
            reading_batch(keys, values, quality=0, source_us=times, receive_us=times, sequence=seconds)
        )
        historian.commit()
        historian.close()

    def polled(self) -> Comparison:
        reader = StoredHistory(HistoryFile(self._files), dtypes=TYPES)
        try:
            return self._truth.polled("PLC", self._truth.moving("modbus", [WHOLE]), reader)
        finally:
            reader.close()


def test_everything_stored_beside_a_standstill_is_equal(tmp_path: Path, small_plant: Plant) -> None:
    found = Judged(tmp_path / "data", small_plant, still=range(20, 26), lost=()).polled()
    assert found.is_equal, found.differences
    assert found.intervals == 2


def test_a_row_lost_outside_the_standstill_is_found(tmp_path: Path, small_plant: Plant) -> None:
    found = Judged(tmp_path / "data", small_plant, still=range(20, 26), lost=(45,)).polled()
    assert not found.is_equal
    assert found.served - found.stored == 1
    assert "PLC" in found.differences[0]
