"""What the history, waveforms and leases keep, whatever the engine below them [NEW-31, NEW-30]."""
# ruff: noqa: F811 -- fixtures are imported by name and asked for by name

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from domain.errors import LeaseLost, NotFound
from domain.instants import MICROSECONDS_PER_DAY, MICROSECONDS_PER_HOUR
from domain.plant.keeping import WaveformRules
from domain.plant.plant import Plant
from domain.plant.quality import BAD_COMMUNICATION_LOST, BAD_DEVICE, BAD_NOT_CONFIGURED, GOOD
from domain.plant.readings import ReadingBatch, reading_batch
from domain.plant.signals import Spectrum, SpectrumKind, Waveform
from domain.plant.tags import Keeping
from domain.ports import SpectrumRow, WaveformStore
from domain.roles import Actor
from storage.history.historian import RetentionPolicy
from storage.store import Store, open_store
from tests.storage.postgresql_stage import PostgresServer
from tests.storage.stored_plant import (  # noqa: F401
    START_US,
    StillClock,
    either_store,
    engineer,
    small_plant,
    still_clock,
)

SECOND = 1_000_000
LATER_US = START_US + 100 * MICROSECONDS_PER_DAY


@pytest.fixture
def store(either_store: Store, small_plant: Plant, engineer: Actor) -> Store:
    with either_store.unit_of_work(engineer) as work:
        work.plant.import_plant(small_plant)
    assert either_store.wait_for_lease()
    return either_store


def _second(number: int, value: float, *, quality: int = GOOD, tag_key: int = 1) -> ReadingBatch:
    at_us = START_US + number * SECOND
    return reading_batch(
        [tag_key], [value], quality=quality, source_us=at_us, receive_us=at_us + 1000, sequence=number
    )


def test_what_was_committed_reads_back_before_and_after_it_is_packed(
    store: Store, still_clock: StillClock
) -> None:
    writer = store.open_history_writer()
    values = np.float32(np.sin(np.arange(7200) / 50)).astype(float)
    for number, value in enumerate(values):
        still_clock.now = START_US + number * SECOND
        writer.append(_second(number, value))
        if number % 60 == 0:
            assert writer.commit().samples > 0
    writer.append(_second(7200, 0.0, quality=BAD_COMMUNICATION_LOST))
    writer.commit()
    reader = store.open_history_reader()
    window = {"start_us": START_US, "end_us": START_US + 7200 * SECOND}
    assert reader.series(1, **window).value.tolist() == values.tolist()
    still_clock.now = START_US + 3 * MICROSECONDS_PER_HOUR
    assert writer.compact(now_us=still_clock.now) > 0
    again = reader.series(1, **window)
    assert again.value.tolist() == values.tolist()
    assert (np.diff(again.time_us) == SECOND).all()
    trend = reader.trend(1, columns=100, **window)
    assert trend.count.sum() == 7200
    assert (trend.minimum.min(), trend.maximum.max()) == (values.min(), values.max())
    (last,) = reader.last_values([1]).rows()
    assert last.quality.code == BAD_COMMUNICATION_LOST
    reader.close()
    writer.close()


def test_a_past_is_written_straight_and_pruned_by_age(store: Store, still_clock: StillClock) -> None:
    writer = store.open_history_writer(retention=RetentionPolicy(raw_days=10, minute_days=20))
    days = np.arange(START_US - 30 * MICROSECONDS_PER_DAY, START_US, 600 * SECOND)
    assert writer.write_past(1, time_us=days, value=np.arange(float(len(days))), quality=GOOD) == 31
    assert writer.prune(now_us=still_clock.now) > 0
    reader = store.open_history_reader()
    old = START_US - 15 * MICROSECONDS_PER_DAY
    assert len(reader.series(1, start_us=old, end_us=old + MICROSECONDS_PER_DAY).value) == 0
    assert reader.trend(1, start_us=old, end_us=old + MICROSECONDS_PER_DAY, columns=24).count.sum() == 144
    reader.close()
    writer.close()


def test_words_are_stored_once_and_read_back_by_their_number(store: Store, still_clock: StillClock) -> None:
    """ACQ-2: a text tag has history like any other."""
    writer = store.open_history_writer()
    running, label = writer.texts.number_of("RUNNING"), writer.texts.number_of("Würzburg 'x'; DROP")
    assert running != label
    assert writer.texts.number_of("RUNNING") == running
    writer.append(_second(0, running))
    writer.append(_second(1, label))
    writer.commit()
    writer.close()
    again = store.open_history_writer()
    assert again.texts.number_of("Würzburg 'x'; DROP") == label
    reader = store.open_history_reader()
    values = reader.series(1, start_us=START_US, end_us=LATER_US).value.tolist()
    words = reader.texts([int(value) for value in values])
    assert [words[int(value)] for value in values] == ["RUNNING", "Würzburg 'x'; DROP"]
    assert reader.texts([9999]) == {}
    reader.close()
    again.close()


def test_what_a_device_said_of_bad_values_is_kept_at_each_change(
    store: Store, still_clock: StillClock
) -> None:
    """Decisions, Quality: the raw status is kept beside the value; good values end it."""
    writer = store.open_history_writer()
    sensor, device = 0x808C0000, 0x808B0000
    for number, code in enumerate((0, sensor, sensor, device, 0, 0, sensor)):
        quality = BAD_DEVICE if code else GOOD
        batch = _second(number, 1.0, quality=quality)
        writer.append(replace(batch, raw_status=np.array([code], np.uint32)))
        if number % 2:
            writer.commit()
    writer.commit()
    writer.commit()
    reader = store.open_history_reader()

    def said(start: int, end: int) -> list[tuple[int, int]]:
        found = reader.raw_statuses(1, start_us=START_US + start * SECOND, end_us=START_US + end * SECOND)
        return [((each.time_us - START_US) // SECOND, each.code) for each in found]

    assert said(0, 10) == [(1, sensor), (3, device), (6, sensor)]
    assert said(2, 5) == [(1, sensor), (3, device)], "the last word before the window counts in it"
    assert said(0, 1) == []
    assert reader.raw_statuses(2, start_us=0, end_us=2**62) == ()
    reader.close()
    writer.close()


@pytest.mark.parametrize("is_folded", [False, True], ids=["tail", "chunks"])
def test_history_of_another_unit_reads_in_the_present_one(
    store: Store, still_clock: StillClock, engineer: Actor, is_folded: bool
) -> None:
    """Decisions, Versions: history rows carry the revision and are never rewritten; 80 degC are no 80 K."""
    writer, hours = store.open_history_writer(), 3
    times = START_US - np.arange(hours * 3600, 0, -1) * SECOND
    if is_folded:
        writer.write_past(1, time_us=times, value=np.full(len(times), 80.0), quality=GOOD)
    else:
        for at_us in times[-3:].tolist():
            writer.append(reading_batch([1], [80.0], quality=GOOD, source_us=at_us, receive_us=at_us))
        writer.commit()
    reader = store.open_history_reader()
    window = {"start_us": int(times[0]), "end_us": START_US}
    tag = store.plant.load().tag(1)
    for unit, value in (("degC", 80.0), ("K", 353.15), ("degC", 80.0)):
        with store.unit_of_work(engineer) as work:
            tag = work.plant.save_tag(replace(tag, unit=unit))
        store.units.outdate()
        assert reader.series(1, **window).value == pytest.approx(value)
        assert reader.last_values([1]).value == pytest.approx(value)
        for columns in (4, 100):
            trend = reader.trend(1, columns=columns, **window)
            for column in (trend.minimum, trend.maximum, trend.mean):
                assert column == pytest.approx(value)
    with store.unit_of_work(engineer) as work:
        work.plant.save_tag(replace(tag, unit="bar"))
    store.units.outdate()
    assert np.isnan(reader.series(1, **window).value).all(), "a temperature is no pressure"
    assert reader.last_values([1]).quality.tolist() == [BAD_NOT_CONFIGURED]
    assert not reader.trend(1, columns=4, **window).count.any()
    reader.close()
    writer.close()


@pytest.mark.parametrize("odd", ["ABC\0XYZ", "half \ud800 a pair", "\udcff"])
def test_a_text_that_no_database_takes_stops_no_history(store: Store, odd: str) -> None:
    """ACQ-2: one device's text is mended; the samples of all others are stored beside it."""
    writer = store.open_history_writer()
    number = writer.texts.number_of(odd)
    writer.append(_second(0, number))
    assert writer.commit().samples
    reader = store.open_history_reader()
    word = reader.texts([number])[number]
    assert word
    assert "\0" not in word
    word.encode()
    reader.close()
    writer.close()


def test_a_tag_keeps_its_samples_as_long_as_its_own_rule_says(
    store: Store, still_clock: StillClock, engineer: Actor
) -> None:
    tag = store.plant.load().tag(1)
    with store.unit_of_work(engineer) as work:
        work.plant.save_tag(replace(tag, keeping=Keeping(raw_days=2)))
    writer = store.open_history_writer(retention=RetentionPolicy(raw_days=20))
    times = np.arange(START_US - 10 * MICROSECONDS_PER_DAY, START_US, 600 * SECOND)
    for key in (1, 2):
        writer.write_past(key, time_us=times, value=np.ones(len(times)), quality=GOOD)
    assert writer.prune(now_us=still_clock.now) > 0
    reader = store.open_history_reader()
    kept = [len(reader.series(key, start_us=0, end_us=START_US).value) for key in (1, 2)]
    assert kept[1] == len(times)
    assert 2 * 144 <= kept[0] <= 3 * 144, "whole chunks of a day go"
    reader.close()
    writer.close()


def test_the_silence_of_a_thinned_tag_is_no_gap(
    store: Store, still_clock: StillClock, engineer: Actor
) -> None:
    """NEW-14: a value that did not move is not a dead link; a longer silence is."""
    tag = store.plant.load().tag(1)
    with store.unit_of_work(engineer) as work:
        work.plant.save_tag(replace(tag, keeping=Keeping(deadband=0.5)))
    writer = store.open_history_writer()
    busy, quiet = range(0, 1800), [1860, 1920, 1980, 2040]
    for number in (*busy, *quiet, 2640):
        writer.append(_second(number, 1.0))
    writer.commit()
    still_clock.now = START_US + 3 * MICROSECONDS_PER_HOUR
    reader = store.open_history_reader()
    for is_packed in (False, True):
        if is_packed:
            writer.compact(now_us=still_clock.now)
        trend = reader.trend(1, start_us=START_US, end_us=START_US + 2700 * SECOND, columns=50)
        gaps = [
            ((gap.start_us - START_US) // SECOND, (gap.end_us - START_US) // SECOND) for gap in trend.gaps
        ]
        assert gaps == [(2040, 2640)]
    reader.close()
    writer.close()


def test_waveforms_and_spectra_are_kept_listed_and_dropped_by_month(store: Store) -> None:
    kept = store.open_waveforms(is_writer=True)
    samples = np.float32(np.random.default_rng(1).normal(size=4096))
    first = kept.keep(Waveform(2, samples, 25600.0, START_US, "g", GOOD, 1), reason="schedule")
    known = UUID(int=99)
    for _ in range(2):
        later = Waveform(2, samples, 25600.0, START_US + 40 * MICROSECONDS_PER_DAY, "g", GOOD, 1)
        assert kept.keep(later, reason="import", identity=known) == known
    spectra = [
        SpectrumRow(
            2, SpectrumKind.VELOCITY, START_US + n * SECOND, Spectrum(samples[:100], 2.0, "mm/s"), GOOD
        )
        for n in range(10)
    ]
    kept.keep_spectra(spectra)
    kept.keep_spectra(spectra[:2])
    listed = kept.waveforms(2, start_us=0, end_us=LATER_US)
    assert [each.id for each in listed] == [first, known]
    assert kept.waveform(first).samples.tolist() == samples.tolist()
    found = kept.spectra(2, SpectrumKind.VELOCITY, start_us=0, end_us=LATER_US, limit=4)
    assert [row.time_us for row in found] == [START_US + n * SECOND for n in (0, 3, 6, 9)]
    assert kept.prune(WaveformRules(START_US + 40 * MICROSECONDS_PER_DAY)) > 0
    with pytest.raises(NotFound):
        kept.waveform(first)
    assert kept.waveform(known).start_us > START_US
    kept.close()


def _kept_at(kept: WaveformStore, tag_key: int, day: int, reason: str = "schedule") -> UUID:
    start_us = START_US + day * MICROSECONDS_PER_DAY
    spectrum = Spectrum(np.float32([1, 2]), 1.0, "g")
    kept.keep_spectra([SpectrumRow(tag_key, SpectrumKind.VELOCITY, start_us, spectrum, GOOD)])
    return kept.keep(Waveform(tag_key, np.float32([1, 2]), 100.0, start_us, "g", GOOD, 1), reason=reason)


def _left(kept: WaveformStore, *tag_keys: int) -> set[UUID]:
    return {
        each.id
        for key in tag_keys
        for each in kept.waveforms(key, start_us=0, end_us=LATER_US + 365 * MICROSECONDS_PER_DAY)
    }


def _spectra_left(kept: WaveformStore, tag_key: int) -> int:
    return len(
        kept.spectra(tag_key, SpectrumKind.VELOCITY, start_us=0, end_us=LATER_US + 365 * MICROSECONDS_PER_DAY)
    )


def test_waveforms_go_by_the_days_of_their_tag_and_evidence_by_its_own(store: Store) -> None:
    """NEW-27: what was kept around an alarm outlives the rule of the plant and of its tag."""
    kept = store.open_waveforms(is_writer=True)
    evidence = {_kept_at(kept, key, 0, "alarm") for key in (1, 2, 3)}
    for key in (1, 2):
        _kept_at(kept, key, 0)
    long = {_kept_at(kept, 3, 0)}
    recent = {_kept_at(kept, 1, day) for day in (80, 90)} | {_kept_at(kept, 2, 90)}
    _kept_at(kept, 2, 80)
    day = MICROSECONDS_PER_DAY
    rules = WaveformRules(START_US + 60 * day, 0, {2: START_US + 85 * day, 3: START_US - day})
    counts = []
    while gone := kept.prune(rules, most=2):
        counts.append(gone)
    assert max(counts) <= 2, "never more at once than asked for"
    assert _left(kept, 1, 2, 3) == evidence | long | recent
    assert [_spectra_left(kept, key) for key in (1, 2, 3)] == [2, 1, 1]
    assert kept.waveform(next(iter(evidence))).samples.tolist() == [1, 2]
    later = WaveformRules(START_US + 200 * day, START_US + 60 * day)
    while kept.prune(later):
        pass
    assert _left(kept, 1, 2, 3) == set()
    kept.close()


def test_nothing_goes_that_is_kept_for_ever(store: Store) -> None:
    kept = store.open_waveforms(is_writer=True)
    there = {_kept_at(kept, 1, 0), _kept_at(kept, 1, 0, "alarm")}
    assert kept.prune(WaveformRules()) == 0
    assert _left(kept, 1) == there
    kept.close()


def test_one_of_two_collectors_writes_and_the_one_that_was_replaced_cannot(
    postgresql: PostgresServer, tmp_path: Path, still_clock: StillClock, small_plant: Plant, engineer: Actor
) -> None:
    """Fencing: what the former holder sends after the takeover is refused, not stored twice."""
    url = postgresql.fresh_database()
    one, two = (
        open_store(tmp_path / name, role="collector", clock=still_clock, database=url)
        for name in ("one", "two")
    )
    with one.unit_of_work(engineer) as work:
        work.plant.import_plant(small_plant)
    assert one.wait_for_lease()
    writer = one.open_history_writer()
    writer.append(_second(0, 1.0))
    writer.commit()
    tries = iter([False, True])
    assert not two.wait_for_lease(lambda: next(tries)), "it stands by while the first one lives"
    postgresql.run_sql(url, "UPDATE leases SET expires_us = 0")  # as if the first one had been cut off
    assert two.wait_for_lease()
    assert two.term.epoch > 1
    writer.append(_second(1, 2.0))
    with pytest.raises(LeaseLost):
        writer.commit()
    with pytest.raises(LeaseLost):
        writer.compact(now_us=START_US + MICROSECONDS_PER_DAY)
    second = two.open_history_writer()
    second.append(_second(2, 3.0))
    second.commit()
    reader = two.open_history_reader()
    assert reader.series(1, start_us=START_US, end_us=START_US + 10 * SECOND).value.tolist() == [1.0, 3.0]
    for each in (reader, writer, second, one, two):
        each.close()


@pytest.mark.parametrize("place", ["tail", "chunk", "waveform", "spectrum"])
def test_a_new_tag_gets_no_key_under_which_anything_is_stored(
    store: Store, still_clock: StillClock, engineer: Actor, place: str
) -> None:
    """A plant database that knows less than its history (an older copy came back) takes no samples over."""
    writer, kept = store.open_history_writer(), store.open_waveforms(is_writer=True)
    if place == "tail":
        writer.append(_second(1, 850.0, tag_key=41))
        writer.commit()
    elif place == "chunk":
        writer.write_past(41, time_us=np.array([START_US]), value=np.array([850.0]), quality=0)
    elif place == "waveform":
        kept.keep(Waveform(41, np.float32([1, 2]), 100.0, START_US, "g", 0, 1), reason="schedule")
    else:
        spectrum = Spectrum(np.float32([1, 2]), 1.0, "g", False)
        kept.keep_spectra([SpectrumRow(41, SpectrumKind.VELOCITY, START_US, spectrum, 0)])
    kept.close()
    writer.close()
    store.open_history_writer().close()
    with store.unit_of_work(engineer) as work:
        assert work.plant.next_tag_key() == 42
