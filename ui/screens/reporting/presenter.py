"""What the sheets of reporting ask of the services; drafts are kept until they are sent."""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from uuid import UUID

from domain.condition.evidence import ManualReading, MissReason
from domain.errors import ControlRoomError
from domain.plant.tags import Tag
from domain.roles import Permission
from services.report_drafts import OBSERVATION, ROUND, ReportDraft
from services.reporting import correction_permission
from services.reports import (
    ManualTagView,
    MissedView,
    NewReading,
    NotMeasured,
    ObservationView,
    ReadingView,
    RoundEntry,
    RoundReport,
)
from services.workstation import Workstation
from ui.formatting import age, unit_symbol, with_unit
from ui.screens.permissions import refusal_to
from ui.screens.reporting.drafts import LineDraft, Moment, ReportingDrafts, RoundDraft
from ui.screens.reporting.entry import TypedValue, typed_value
from ui.screens.reporting.round_line import LineState
from ui.screens.reporting.words import last_words, miss_name, refusal_words, usual_words
from ui.tasks import Lane
from ui.text import tr

Failed = Callable[[BaseException], None]
LAST_READINGS = 50
FOREVER_US = 2**62


@dataclass(frozen=True, slots=True)
class Judgement:
    """What stands under a field."""

    words: str
    is_marked: bool = False
    is_wrong: bool = False


@dataclass(frozen=True, slots=True)
class RoundAnswer:
    """The lines of a machine's round, and what became of the entries that were sent by tag key."""

    machine_id: UUID
    lines: tuple[ManualTagView, ...]
    sent: RoundDraft | None = None
    keys: tuple[int, ...] = ()
    report: RoundReport | None = None

    @property
    def refused(self) -> dict[int, ControlRoomError]:
        """The refusals by tag key."""
        return (
            {} if self.report is None else {self.keys[place]: error for place, error in self.report.refused}
        )


@dataclass(frozen=True, slots=True)
class PastAnswer:
    """The last readings of a value, and the one to choose."""

    tag: Tag
    rows: tuple[ReadingView | MissedView, ...]
    chosen: UUID | None


class ReportingPresenter:
    """Plain Python; every read and write goes through the database lane."""

    def __init__(self, workstation: Workstation, *, tasks: Lane, drafts: ReportingDrafts) -> None:
        self._workstation, self._tasks = workstation, tasks
        self.observations, self.rounds = drafts.observations, drafts.rounds
        self._drafts = drafts

    def refusal(self, permission: Permission) -> str:
        """Return why the person here may not do something; empty when he may."""
        return refusal_to(self._workstation.actor.role, permission)

    def refusal_to_correct(self, reading: ManualReading) -> str:
        """Return why the person here may not correct a reading; empty when he may."""
        return self.refusal(correction_permission(reading, self._workstation.actor))

    # ---- observations

    def send_observation(
        self, machine_id: UUID, *, done: Callable[[ObservationView], None], failed: Failed
    ) -> None:
        """Store the observation begun at a machine; its draft must have a kind."""
        draft, actor = self.observations[machine_id], self._workstation.actor
        kind = draft.kind
        assert kind is not None
        left = ReportDraft(OBSERVATION, machine_id, {}) if self._drafts.is_read else None

        def work() -> ObservationView:
            return self._workstation.reporting.observe(
                machine_id, kind, text=draft.text, by=actor, point_id=draft.point_id,
                observed_us=draft.when.at_us, draft=left,
            )  # fmt: skip

        self._tasks.run(work, done=done, failed=failed)

    # ---- rounds

    def load_round(self, machine_id: UUID, *, done: Callable[[RoundAnswer], None], failed: Failed) -> None:
        """Read what is to be read at a machine."""
        reporting = self._workstation.reporting
        self._tasks.run(
            lambda: RoundAnswer(machine_id, reporting.round_of(machine_id)), done=done, failed=failed
        )

    def line_states(self, lines: Sequence[ManualTagView]) -> list[LineState]:
        """Return the lines as the sheet shows them."""
        now_us = self._workstation.clock.now_us()
        return [
            LineState(
                each.tag.key, each.tag.label, "" if each.point is None else each.point.name,
                _last(each, now_us), [(code, unit_symbol(code) or code) for code in each.units],
            )
            for each in lines
        ]  # fmt: skip

    def judge(self, line: ManualTagView, draft: LineDraft, *, is_final: bool) -> Judgement:
        """Return what to say under a field; a refusal stays calm until the operator leaves the field."""
        if draft.reason is not None:
            needs_note = draft.reason is MissReason.OTHER and not draft.note.strip()
            words = tr("Reporting", "Say in the note why it could not be measured.") if needs_note else ""
            return Judgement(words)
        if not draft.words.strip(" +-\u2212"):
            return Judgement(usual_words(line.tag))
        typed = typed_value(draft.words, line.units)
        if typed is None:
            words = tr("Reporting", "Enter a number, for instance 7.1 or 7,1.")
            return Judgement(words, is_final, is_final)
        try:
            return self._understood(line, typed, draft)
        except ControlRoomError as error:
            return Judgement(refusal_words(error, line.tag), is_final, is_final)

    def _understood(self, line: ManualTagView, typed: TypedValue, draft: LineDraft) -> Judgement:
        tag = line.tag
        value, warnings = self._workstation.reporting.check(
            tag.key, typed.value, unit=typed.unit or draft.unit
        )
        told, usual = with_unit(value, digits=tag.digits, unit=tag.unit), usual_words(tag)
        if warnings:
            words = tr("Reporting", "{value}, {usual}. Read again?")
            return Judgement(words.format(value=told, usual=usual), is_marked=True)
        return Judgement(f"= {told}" + (f",  {usual}" if usual else ""))

    def send_round(
        self, machine_id: UUID, lines: Sequence[ManualTagView], *, done: Callable[[RoundAnswer], None],
        failed: Failed,
    ) -> bool:  # fmt: skip
        """Store what makes sense of a machine's round; False when nothing in it can be sent."""
        draft, reporting, actor = (
            self.rounds[machine_id],
            self._workstation.reporting,
            self._workstation.actor,
        )
        entries = {
            line.tag.key: entry
            for line in lines
            if (entry := _entry(line, draft.lines.get(line.tag.key, LineDraft()), draft.when)) is not None
        }
        if not entries:
            return False
        keys, typed = tuple(entries), replace(draft, when=draft.when.at(self._workstation.clock.now_us()))

        def left(refused: Set[int]) -> ReportDraft:
            stored = {key for place, key in enumerate(keys) if place not in refused}
            lines = {key: each for key, each in typed.lines.items() if key not in stored}
            return ReportDraft(ROUND, machine_id, replace(typed, lines=lines).to_plain())

        is_read = self._drafts.is_read

        def work() -> RoundAnswer:
            report = reporting.record_round(list(entries.values()), by=actor, left=left if is_read else None)
            return RoundAnswer(machine_id, reporting.round_of(machine_id), draft, keys, report)

        self._tasks.run(work, done=done, failed=failed)
        return True

    def forget_stored(self, answer: RoundAnswer) -> None:
        """Take the lines out of the draft that are stored now; what was typed since then stays."""
        now, sent = self.rounds.get(answer.machine_id, RoundDraft()), answer.sent or RoundDraft()
        stored = set(answer.keys) - set(answer.refused)
        lines = {
            key: each for key, each in now.lines.items() if key not in stored or each != sent.lines.get(key)
        }
        self.rounds[answer.machine_id] = replace(now, lines=lines, when=now.when if lines else Moment())

    # ---- past readings

    def load_past(
        self, tag: Tag, chosen: UUID | None, *, done: Callable[[PastAnswer], None], failed: Failed
    ) -> None:
        """Read the last readings of a value."""
        self._tasks.run(lambda: self._past(tag, chosen), done=done, failed=failed)

    def _past(self, tag: Tag, chosen: UUID | None) -> PastAnswer:
        rows = self._workstation.reporting.attempts(
            tag.key, start_us=0, end_us=FOREVER_US, limit=LAST_READINGS
        )
        return PastAnswer(tag, rows, chosen)

    def correct(
        self, view: ReadingView, typed: TypedValue, reason: str, *, done: Callable[[PastAnswer], None],
        failed: Failed,
    ) -> None:  # fmt: skip
        """Say what a reading should have been."""
        actor = self._workstation.actor

        def work() -> PastAnswer:
            self._workstation.reporting.correct_reading(
                view.id, typed.value, reason=reason, by=actor, unit=typed.unit
            )
            return self._past(view.tag, view.id)

        self._tasks.run(work, done=done, failed=failed)


def _entry(line: ManualTagView, draft: LineDraft, when: Moment) -> RoundEntry | None:
    key = line.tag.key
    if draft.reason is not None:
        return NotMeasured(key, draft.reason, when.at_us, draft.note)
    typed = typed_value(draft.words, line.units)
    if typed is None:
        return None
    return NewReading(key, typed.value, typed.unit or draft.unit, when.at_us, draft.note)


def _last(line: ManualTagView, now_us: int) -> str:
    words, missed = last_words(line.last, line.tag, now_us=now_us), line.missed
    if missed is None:
        return words
    why = missed.note if missed.reason is MissReason.OTHER else miss_name(missed.reason).lower()
    ago = age((now_us - missed.missed_us) / 1e6)
    return tr("Reporting", "{last}; not measurable {age} ago: {why}", last=words, age=ago, why=why)
