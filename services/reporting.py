"""What people report: readings by hand and observations, with what screens show of them [ACQ-5, ACQ-6]."""

import math
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from domain.condition.evidence import (
    Correction,
    ManualReading,
    MissedReading,
    MissReason,
    Observation,
    ObservationKind,
)
from domain.errors import ControlRoomError, NotFound, RuleViolation
from domain.identifiers import new_id
from domain.instants import MICROSECONDS_PER_SECOND, Clock
from domain.plant.plant import Plant
from domain.plant.tags import Tag, TagDtype, TagKind
from domain.roles import Actor, Permission
from domain.units import all_units, convert, unit
from services.access import require
from services.contests import contested
from services.report_drafts import ReportDraft, keep_in
from services.reports import (
    ManualTagView,
    MissedView,
    NewReading,
    ObservationView,
    ReadingView,
    Report,
    RoundEntry,
    RoundReport,
)
from storage.store import Store

_AHEAD_US: Final = 60 * MICROSECONDS_PER_SECOND
"""Clocks of two workstations may differ so much."""

_LONGEST_TEXT: Final = 4000
UNUSUAL: Final = "reading_unusual"
"""Warning: plausible, but outside the tag's normal band."""


LeftDraft = Callable[[Set[int]], ReportDraft]
"""Returns what is left of a draft when the entries at these places were refused."""


class Reporting:
    """Use cases of readings by hand and observations. Works while the collector is down."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._plant = Plant()
        self.reload()

    def reload(self) -> None:
        """Read the set-up anew."""
        self._plant = self._store.plant.load()

    def is_by_hand(self, tag_key: int) -> bool:
        """Say whether people give a tag its values."""
        try:
            return is_manual(self._plant.tag(tag_key))
        except NotFound:
            return False

    def round_of(self, asset_id: UUID) -> tuple[ManualTagView, ...]:
        """Return what is read by hand at an asset and below it, in the order of the plant."""
        tags = [tag for tag in self._plant.tags_of(asset_id) if is_manual(tag)]
        return tuple(self._manual_tag(tag) for tag in tags)

    def readings(
        self, tag_key: int, *, start_us: int, end_us: int, limit: int = 1000
    ) -> tuple[ReadingView, ...]:
        """Return readings of a tag with start <= taken < end, the newest first, with their corrections."""
        found = self._store.manual_readings.of_tags([tag_key], start_us=start_us, end_us=end_us, limit=limit)
        corrections = self._corrections(found)
        return tuple(replace(self._view(each), corrections=corrections.get(each.id, ())) for each in found)

    def attempts(
        self, tag_key: int, *, start_us: int, end_us: int, limit: int = 1000
    ) -> tuple[ReadingView | MissedView, ...]:
        """Return readings of a tag and what could not be read, the newest first."""
        span = {"start_us": start_us, "end_us": end_us, "limit": limit}
        both: list[ReadingView | MissedView] = [*self.readings(tag_key, **span)]
        both += [self._missed_view(each) for each in self._store.missed_readings.of_tags([tag_key], **span)]
        return tuple(sorted(both, key=_instant, reverse=True)[:limit])

    def reports(self, asset_id: UUID, *, start_us: int, end_us: int, limit: int = 1000) -> tuple[Report, ...]:
        """Return everything people reported of an asset and what is below it, the newest first."""
        span = {"start_us": start_us, "end_us": end_us, "limit": limit}
        keys = [tag.key for tag in self._plant.tags_of(asset_id) if is_manual(tag)]
        found: list[Report] = [*self.observations(asset_id, **span)]
        found += [self._view(each) for each in self._store.manual_readings.of_tags(keys, **span)]
        found += [self._missed_view(each) for each in self._store.missed_readings.of_tags(keys, **span)]
        return tuple(sorted(found, key=_instant, reverse=True)[:limit])

    def observations(
        self, asset_id: UUID, *, start_us: int, end_us: int, limit: int = 1000
    ) -> tuple[ObservationView, ...]:
        """Return what was noticed at an asset and below it, the newest first."""
        assets = [asset.id for asset in self._plant.subtree(asset_id)]
        found = self._store.observations.of_assets(assets, start_us=start_us, end_us=end_us, limit=limit)
        return tuple(self._observation(each) for each in found)

    def record_reading(self, new: NewReading, *, by: Actor) -> ReadingView:
        """Store a reading; RuleViolation or UnitError says why it cannot be, a warning what is unusual."""
        report = self.record_round([new], by=by)
        if report.refused:
            raise report.refused[0][1]
        return report.done[0]

    def record_round(
        self, entries: Sequence[RoundEntry], *, by: Actor, left: LeftDraft | None = None
    ) -> RoundReport:
        """Store the entries that make sense in one transaction; each refusal names its entry.

        What ``left`` returns is kept in the same transaction.
        """
        require(by, Permission.RECORD_READING)
        good: list[ManualReading | MissedReading] = []
        refused: list[tuple[int, ControlRoomError]] = []
        for place, entry in enumerate(entries):
            try:
                good.append(self._checked(entry, by=by))
            except ControlRoomError as error:
                refused.append((place, error))
        self._add(good, by=by, draft=None if left is None else left({place for place, _ in refused}))
        return RoundReport(
            tuple(self._view(each) for each in good if isinstance(each, ManualReading)),
            tuple(self._missed_view(each) for each in good if isinstance(each, MissedReading)),
            tuple(refused),
        )

    def _add(
        self, entries: Sequence[ManualReading | MissedReading], *, by: Actor, draft: ReportDraft | None
    ) -> None:
        if not entries:
            return
        with self._store.unit_of_work(by) as work:
            for entry in entries:
                if isinstance(entry, ManualReading):
                    work.manual_readings.add(entry)
                else:
                    work.missed_readings.add(entry)
            if draft is not None:
                keep_in(work, draft, by=by)

    def check(self, tag_key: int, value: float, *, unit: str = "") -> tuple[float, tuple[str, ...]]:
        """Return a value in the tag's unit with its warnings, before it is recorded; errors as recording.

        Reads nothing from disk, so that a screen may ask while somebody types.
        """
        tag = self._manual(tag_key)
        plausible = self._plausible(tag, value, unit)
        return plausible, _warnings(tag, plausible)

    def correct_reading(
        self, reading_id: UUID, value: float, *, reason: str, by: Actor, unit: str = ""
    ) -> tuple[ReadingView, ReadingView]:
        """Say what a reading should have been, with a reason; return before and after.

        One's own by whoever may record, those of others by whoever may correct. History keeps the wrong value
        and gets the right one a microsecond later; Conflict when somebody else corrected it first.
        """
        before = self._store.manual_readings.get(reading_id)
        require(by, correction_permission(before, by))
        if not reason.strip():
            raise RuleViolation("a correction needs a reason", key="reason_missing")
        tag = self._manual(before.tag_key)
        after = replace(before, value=self._plausible(tag, value, unit))
        with contested(self._store, by=by, act="correct"), self._store.unit_of_work(by) as work:
            after = work.manual_readings.correct(before, after, reason=reason.strip())
        return self._view(before), self._view(after)

    def observe(
        self,
        asset_id: UUID,
        kind: ObservationKind,
        *,
        text: str,
        by: Actor,
        point_id: UUID | None = None,
        observed_us: int | None = None,
        draft: ReportDraft | None = None,
    ) -> ObservationView:
        """Store what somebody noticed; it is condition evidence of the asset [ACQ-6].

        ``draft`` is what is left of the draft, kept in the same transaction.
        """
        require(by, Permission.OBSERVE)
        self._plant.asset(asset_id)
        if point_id is not None and self._plant.point(point_id).asset_id not in self._below(asset_id):
            raise RuleViolation("the measurement point is not at this asset", key="point_elsewhere")
        if kind is ObservationKind.OTHER and not text.strip():
            raise RuleViolation("say what you noticed", key="text_missing")
        observation = Observation(
            id=new_id(now_ms=self._clock.now_us() // 1000),
            asset_id=asset_id,
            kind=kind,
            text=text.strip()[:_LONGEST_TEXT],
            observed_us=self._not_ahead(observed_us),
            author=by.name or by.role.value,
            point_id=point_id,
        )
        with self._store.unit_of_work(by) as work:
            work.observations.add(observation)
            if draft is not None:
                keep_in(work, draft, by=by)
        return self._observation(observation)

    def _checked(self, entry: RoundEntry, *, by: Actor) -> ManualReading | MissedReading:
        tag = self._manual(entry.tag_key)
        same: dict[str, Any] = {
            "id": new_id(now_ms=self._clock.now_us() // 1000),
            "tag_key": tag.key,
            "author": by.name or by.role.value,
            "note": entry.note.strip()[:_LONGEST_TEXT],
        }
        at_us = self._not_ahead(entry.taken_us)
        if isinstance(entry, NewReading):
            return ManualReading(value=self._plausible(tag, entry.value, entry.unit), taken_us=at_us, **same)
        if entry.reason is MissReason.OTHER and not same["note"]:
            raise RuleViolation("say why it could not be measured", key="miss_note_missing")
        return MissedReading(reason=entry.reason, missed_us=at_us, **same)

    def _manual(self, tag_key: int) -> Tag:
        tag = self._plant.tag(tag_key)
        if not is_manual(tag):
            raise RuleViolation(
                f"tag '{tag.name}' is not read by hand: a device or the program writes it",
                key="tag_not_manual",
                tag=tag.name,
            )
        return tag

    def _plausible(self, tag: Tag, value: float, told_unit: str) -> float:
        """Return the value in the tag's unit; RuleViolation for nonsense."""
        converted = convert(value, source=told_unit or tag.unit, target=tag.unit)
        low = -math.inf if tag.low is None else tag.low
        high = math.inf if tag.high is None else tag.high
        if not math.isfinite(converted) or not low <= converted <= high:
            raise RuleViolation(
                f"tag '{tag.name}': {converted:g} {tag.unit} is not plausible ({low:g} to {high:g})",
                key="reading_implausible",
                tag=tag.name,
                value=converted,
                low=tag.low,
                high=tag.high,
                unit=tag.unit,
            )
        return float(converted)

    def _not_ahead(self, instant_us: int | None) -> int:
        now_us = self._clock.now_us()
        if instant_us is None:
            return now_us
        if instant_us > now_us + _AHEAD_US or instant_us <= 0:
            raise RuleViolation("the time lies in the future", key="time_in_future", at=instant_us)
        return min(instant_us, now_us)

    def _view(self, reading: ManualReading) -> ReadingView:
        tag = self._plant.tag(reading.tag_key)
        return ReadingView(reading, tag, self._plant.path(tag.asset_id), _warnings(tag, reading.value))

    def _missed_view(self, missed: MissedReading) -> MissedView:
        tag = self._plant.tag(missed.tag_key)
        return MissedView(missed, tag, self._plant.path(tag.asset_id))

    def _corrections(self, readings: Iterable[ManualReading]) -> dict[UUID, tuple[Correction, ...]]:
        """Return what the audit log knows of corrected readings."""
        corrected = [each.id for each in readings if each.version > 1]
        found: dict[UUID, tuple[Correction, ...]] = {}
        for entry in self._store.audit.of(corrected, action="correct") if corrected else ():
            told: dict[str, Any] = dict(entry.detail)
            one = Correction(entry.at_us, entry.user_name, told["before"], told["after"], told["reason"])
            found[entry.aggregate_id] = (*found.get(entry.aggregate_id, ()), one)
        return found

    def _manual_tag(self, tag: Tag) -> ManualTagView:
        newest = self._store.manual_readings.of_tags([tag.key], start_us=0, end_us=2**62, limit=1)
        last = newest[0] if newest else None
        since_us = 0 if last is None else last.taken_us
        missed = self._store.missed_readings.of_tags([tag.key], start_us=since_us, end_us=2**62, limit=1)
        point = None if tag.point_id is None else self._plant.point(tag.point_id)
        dimension = unit(tag.unit).dimension
        alike = [each.code for each in all_units() if each.dimension == dimension and each.code != tag.unit]
        path, given_up = self._plant.path(tag.asset_id), missed[0] if missed else None
        return ManualTagView(tag, path, point, (tag.unit, *alike), last, given_up)

    def _observation(self, observation: Observation) -> ObservationView:
        point = None if observation.point_id is None else self._plant.point(observation.point_id)
        return ObservationView(observation, self._plant.path(observation.asset_id), point)

    def _below(self, asset_id: UUID) -> set[UUID]:
        return {asset.id for asset in self._plant.subtree(asset_id)}


def correction_permission(reading: ManualReading, by: Actor) -> Permission:
    """Return what correcting a reading asks for: one's own is easier than that of others."""
    is_own = bool(by.name) and reading.author == by.name
    return Permission.RECORD_READING if is_own else Permission.CORRECT_READING


def is_manual(tag: Tag) -> bool:
    """Say whether a tag gets its values from people: a number without a device."""
    is_number = tag.kind in (TagKind.MEASURED, TagKind.COUNTER) and tag.dtype is not TagDtype.TEXT
    return is_number and tag.connection_id is None and tag.feature is None


def _instant(report: Report) -> int:
    return report.at_us


def _warnings(tag: Tag, value: float) -> tuple[str, ...]:
    is_low = tag.normal_low is not None and value < tag.normal_low
    is_high = tag.normal_high is not None and value > tag.normal_high
    return (UNUSUAL,) if is_low or is_high else ()
