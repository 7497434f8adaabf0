"""Opens the sheets of reporting in the drawer and connects them with what the services know."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID

from domain.errors import Conflict, ControlRoomError, RuleViolation
from domain.plant.assets import Asset, MeasurementPoint
from domain.plant.tags import Tag
from domain.roles import Permission
from services.report_drafts import OBSERVATION, ROUND
from services.reports import ManualTagView, MissedView, ObservationView, ReadingView, Report
from services.workstation import Workstation
from ui.context import Context
from ui.screens.reporting.drafts import LineDraft, ObservationDraft, ReportingDrafts, RoundDraft
from ui.screens.reporting.entry import typed_value
from ui.screens.reporting.keeper import ReportKeeper
from ui.screens.reporting.observation_sheet import ObservationSheet
from ui.screens.reporting.past_readings import PastReadings
from ui.screens.reporting.presenter import PastAnswer, ReportingPresenter, RoundAnswer
from ui.screens.reporting.report_detail import ObservationDetail
from ui.screens.reporting.round_sheet import RoundSheet
from ui.screens.reporting.words import kind_name, refusal_words
from ui.text import error_words, tr


class ReportingDesk:
    """Belongs to a screen; ``reported`` is called when something new stands in the events."""

    def __init__(self, workstation: Workstation, context: Context, *, reported: Callable[[], None]) -> None:
        self._context, self._reported = context, reported
        self._drafts = ReportingDrafts.of(context.drafts)
        self.presenter = ReportingPresenter(workstation, tasks=context.tasks, drafts=self._drafts)
        plant_time, now_us = context.plant_time, context.clock.now_us
        self.observation = ObservationSheet(plant_time=plant_time, now_us=now_us)
        self.round = RoundSheet(plant_time=plant_time, now_us=now_us)
        self.past = PastReadings(plant_time=plant_time, now_us=now_us)
        self.detail = ObservationDetail(plant_time=plant_time, now_us=now_us)
        self._machine: Asset | None = None
        self._lines: dict[int, ManualTagView] = {}
        self._points: Sequence[MeasurementPoint] = ()
        self.keeper = ReportKeeper(workstation, context, self._drafts, brought_back=self._brought_back)
        self._connect()

    def _connect(self) -> None:
        self.observation.changed.connect(self._keep_observation)
        self.observation.sent.connect(self._send_observation)
        self.round.changed.connect(self._keep_round)
        self.round.line_changed.connect(self._judge_typing)
        self.round.line_settled.connect(self._judge_line)
        self.round.sent.connect(self._send_round)
        self.round.past_asked.connect(self._open_past)
        self.round.given_up.connect(self._context.close_drawer)
        self.past.back_asked.connect(self._back_to_round)
        self.past.chosen.connect(self._allow_correction)
        self.past.corrected.connect(self._correct)

    def open_report(self, machine: Asset, report: Report) -> None:
        """Show in full what somebody reported of a machine."""
        self._machine = machine
        if isinstance(report, ObservationView):
            self.detail.show_observation(report)
            self._context.open_drawer(tr("Reporting", "Observation"), self.detail)
        else:
            self._load_past(report.tag, report.id)

    # ---- observation

    def open_observation(self, machine: Asset, points: Sequence[MeasurementPoint]) -> None:
        """Let somebody say what he noticed."""
        if self.presenter.refusal(Permission.OBSERVE):
            return
        self._machine, self._points = machine, points
        self._show_observation(machine)
        self._context.open_drawer(tr("Reporting", "Observation"), self.observation)
        self.observation.begin()

    def _show_observation(self, machine: Asset) -> None:
        draft = self.presenter.observations.get(machine.id, ObservationDraft())
        if draft.point_id not in {point.id for point in self._points}:
            draft = replace(draft, point_id=None)  # the point was removed while it waited
        self.observation.show_machine(machine.name, self._points, draft)
        self.observation.say(self._waited_words(OBSERVATION, machine))

    def begun_words(self, machine_id: UUID) -> str:
        """Return which reports of a machine wait, begun and not sent; empty for none."""
        has_readings = not self._drafts.draft((ROUND, machine_id)).is_empty
        if not self._drafts.draft((OBSERVATION, machine_id)).is_empty:
            both, one = (
                tr("Reporting", "Observation and readings begun"),
                tr("Reporting", "Observation begun"),
            )
            return both if has_readings else one
        return tr("Reporting", "Readings begun") if has_readings else ""

    def _brought_back(self) -> None:
        """Show what waits in a sheet that was opened faster than the database answered."""
        machine = self._machine
        if machine is None:
            return
        seen = self.presenter.observations.get(machine.id, ObservationDraft())
        if self.observation.isVisible() and self.observation.draft != seen:
            self._show_observation(machine)
        read = self.presenter.rounds.get(machine.id, RoundDraft())
        if self.round.isVisible() and not self.round.is_loading and self.round.draft != read:
            key = self.round.current
            self._show_lines(machine)
            self.round.begin(key)

    def _waited_words(self, kind: str, machine: Asset) -> str:
        since_us = self._drafts.waited_since.get((kind, machine.id))
        if since_us is None:
            return ""
        time = self._context.plant_time().brief(since_us, now_us=self._context.clock.now_us())
        return tr("Reporting", "Kept {time}, not sent yet.", time=time)

    def _keep_observation(self) -> None:
        if self._machine is not None:
            self.presenter.observations[self._machine.id] = self.observation.draft
            self.keeper.note(OBSERVATION, self._machine.id)

    def _send_observation(self) -> None:
        assert self._machine is not None
        self._keep_observation()
        if self.observation.draft.kind is None:
            words = tr("Reporting", "Choose what you noticed.")
            self.observation.show_refusal(words, is_about_text=False)
            return
        self.keeper.keep_before_report()
        self.observation.show_busy(True)
        self.presenter.send_observation(
            self._machine.id, done=self._observed, failed=self._observation_failed
        )

    def _observed(self, view: ObservationView) -> None:
        self.observation.show_busy(False)
        seen = view.observation
        self.presenter.observations.pop(seen.asset_id, None)
        self.keeper.note(OBSERVATION, seen.asset_id)
        self.keeper.keep()
        self._reported()
        if self._machine is not None and self._machine.id == seen.asset_id:
            self.observation.show_sent(
                tr(
                    "Reporting", "Sent: {kind}, {time}. It stands in Events.", kind=kind_name(seen.kind),
                    time=self._context.plant_time().clock(seen.observed_us),
                )
            )  # fmt: skip

    def _observation_failed(self, error: BaseException) -> None:
        self.observation.show_busy(False)
        if isinstance(error, RuleViolation):
            is_about_text = error.key == "text_missing"
            self.observation.show_refusal(error_words(error), is_about_text=is_about_text)
        else:
            self._context.show_problem(error)

    def _unread(self, error: BaseException) -> None:
        """Leave no empty sheet behind when the database does not answer."""
        self._context.close_drawer()
        self._context.show_problem(error)

    # ---- round

    def open_round(self, machine: Asset) -> None:
        """Show what is read by hand at a machine."""
        self._machine = machine
        self.round.show_loading()
        self._context.open_drawer(tr("Reporting", "Readings"), self.round)
        self.presenter.load_round(machine.id, done=self._show_round, failed=self._unread)

    def _back_to_round(self) -> None:
        if self._machine is not None:
            self.open_round(self._machine)

    def _show_round(self, answer: RoundAnswer) -> None:
        if self._machine is None or self._machine.id != answer.machine_id:
            return
        self._lines = {line.tag.key: line for line in answer.lines}
        self._show_lines(self._machine)
        self.round.begin()

    def _show_lines(self, machine: Asset) -> None:
        self.round.show_round(
            machine.name, self.presenter.line_states(list(self._lines.values())),
            self.presenter.rounds.get(machine.id, RoundDraft()),
            no_right=self.presenter.refusal(Permission.RECORD_READING),
        )  # fmt: skip
        for key in self._lines:
            self._judge_line(key)
        self.round.say(self._waited_words(ROUND, machine))

    def _keep_round(self) -> None:
        if self._machine is not None:
            self.presenter.rounds[self._machine.id] = self.round.draft
            self.keeper.note(ROUND, self._machine.id)

    def _judge_typing(self, key: int) -> None:
        self._judge(key, is_final=False)

    def _judge_line(self, key: int) -> None:
        self._judge(key, is_final=True)

    def _judge(self, key: int, *, is_final: bool) -> None:
        line, shown = self._lines.get(key), self.round.lines.get(key)
        if line is not None and shown is not None:
            found = self.presenter.judge(line, shown.draft, is_final=is_final)
            shown.say(found.words, is_marked=found.is_marked, is_wrong=found.is_wrong)

    def _send_round(self) -> None:
        assert self._machine is not None
        self._keep_round()
        for key in self._lines:
            self._judge_line(key)
        self.keeper.keep_before_report()
        self.round.show_busy(True)
        lines = list(self._lines.values())
        if not self.presenter.send_round(
            self._machine.id, lines, done=self._recorded, failed=self._round_failed
        ):
            self.round.show_busy(False)
            self.round.say(tr("Reporting", "Enter at least one value."), is_marked=True)
            self.round.begin()

    def _recorded(self, answer: RoundAnswer) -> None:
        self.round.show_busy(False)
        self.presenter.forget_stored(answer)
        self.keeper.note(ROUND, answer.machine_id)
        self.keeper.keep()
        self._reported()
        self._show_round(answer)
        for key, error in answer.refused.items():
            if key in self.round.lines:
                words = refusal_words(error, self._lines[key].tag)
                self.round.lines[key].say(words, is_marked=True, is_wrong=True)
        self._tell_stored(answer)

    def _tell_stored(self, answer: RoundAnswer) -> None:
        report = answer.report
        stored = 0 if report is None else len(report.done) + len(report.missed)
        left = [key for key, line in self.round.lines.items() if line.draft != LineDraft()]
        words = tr("Reporting", "Stored: {count}. They stand in Events.", count=stored)
        if left:
            again = tr(
                "Reporting", "Stored: {count}. To look at again: {left}.", count=stored, left=len(left)
            )
            self.round.say(again, is_marked=True)
            self.round.begin(left[0])
        else:
            self.round.say(words)

    def _round_failed(self, error: BaseException) -> None:
        self.round.show_busy(False)
        self._context.show_problem(error)

    # ---- past readings

    def _open_past(self, key: int) -> None:
        self._load_past(self._lines[key].tag, None)

    def _load_past(self, tag: Tag, chosen: UUID | None) -> None:
        self.past.show_waiting(tag)
        self._context.open_drawer(tr("Reporting", "Last readings"), self.past)
        self.presenter.load_past(tag, chosen, done=self._show_past, failed=self._unread)

    def _show_past(self, answer: PastAnswer) -> None:
        if self.past.tag != answer.tag:
            return
        self.past.show_value(answer.tag, answer.rows, chosen=answer.chosen)
        self.past.begin()

    def _allow_correction(self) -> None:
        row = self.past.current
        if isinstance(row, ReadingView):
            self.past.allow_correction(self.presenter.refusal_to_correct(row.reading))

    def _correct(self) -> None:
        row, form = self.past.current, self.past.form
        if row is None or isinstance(row, MissedView):
            return
        typed = typed_value(form.value.text(), (row.tag.unit,))
        if typed is None:
            form.show_refusal(tr("Reporting", "Enter a number, for instance 7.1 or 7,1."), about_reason=False)
            return
        form.save.setEnabled(False)
        self.presenter.correct(
            row, typed, form.reason.text(), done=self._corrected, failed=self._correction_failed
        )

    def _corrected(self, answer: PastAnswer) -> None:
        self.past.form.save.setEnabled(True)
        self._reported()
        self._show_past(answer)

    def _correction_failed(self, error: BaseException) -> None:
        form, row = self.past.form, self.past.current
        form.save.setEnabled(True)
        if row is None or isinstance(error, Conflict) or not isinstance(error, ControlRoomError):
            self._context.show_problem(error)
            return
        is_reason = error.key == "reason_missing"
        form.show_refusal(refusal_words(error, row.tag), about_reason=is_reason)
