"""A value that does not move at all is not believed for ever; set points and states may stand [NEW-14]."""

from uuid import UUID

import pytest

from acquisition.inspection import Inspection
from domain.plant.quality import BAD_STALE, GOOD, Quality, QualityCause
from domain.plant.readings import LossCounter, ReadingBatch, reading_batch
from domain.plant.tags import Tag, TagKind


def tag(key: int, kind: TagKind, frozen_after_s: float | None) -> Tag:
    return Tag(UUID(int=key), key, f"t{key}", "T", kind, "degC", UUID(int=9), frozen_after_s=frozen_after_s)


@pytest.fixture
def inspection() -> Inspection:
    tags = [
        tag(1, TagKind.MEASURED, 60.0),
        tag(2, TagKind.SETPOINT, 60.0),
        tag(3, TagKind.STATE, 60.0),
        tag(4, TagKind.MEASURED, None),
    ]
    found = Inspection(tags, is_simulated=False, losses=LossCounter())
    found.begin(0.0)
    return found


def readings(value: float, *, quality: int = GOOD) -> ReadingBatch:
    return reading_batch([1, 2, 3, 4], [value] * 4, quality=quality, source_us=0, receive_us=0)


def causes(batch: ReadingBatch) -> list[QualityCause]:
    return [Quality.from_code(int(code)).cause for code in batch.quality]


NONE, FROZEN = QualityCause.NONE, QualityCause.FROZEN


def test_only_a_watched_measured_value_turns_uncertain(inspection: Inspection) -> None:
    assert causes(inspection.batch(readings(5.0), now_s=1)) == [NONE] * 4
    assert causes(inspection.batch(readings(5.0), now_s=60)) == [NONE] * 4
    assert causes(inspection.batch(readings(5.0), now_s=62)) == [FROZEN, NONE, NONE, NONE]


def test_the_smallest_move_makes_it_good_again(inspection: Inspection) -> None:
    inspection.batch(readings(5.0), now_s=1)
    assert causes(inspection.batch(readings(5.0), now_s=100))[0] is FROZEN
    assert causes(inspection.batch(readings(5.0001), now_s=101))[0] is NONE


def test_a_bad_value_stays_what_it_is_and_a_new_link_starts_anew(inspection: Inspection) -> None:
    inspection.batch(readings(5.0), now_s=1)
    assert causes(inspection.batch(readings(5.0, quality=BAD_STALE), now_s=100))[0] is QualityCause.STALE
    inspection.begin(101)
    assert causes(inspection.batch(readings(5.0), now_s=102))[0] is NONE


def test_a_subscribed_value_that_its_server_no_longer_reports_is_told_once(inspection: Inspection) -> None:
    inspection.batch(readings(5.0), now_s=1)
    assert inspection.newly_frozen(now_s=30, now_us=7) is None
    told = inspection.newly_frozen(now_s=62, now_us=7)
    assert told is not None
    assert (told.tag_key.tolist(), told.value.tolist(), causes(told)) == ([1], [5.0], [FROZEN])
    assert inspection.newly_frozen(now_s=63, now_us=7) is None
    assert causes(inspection.batch(readings(6.0), now_s=64))[0] is NONE
