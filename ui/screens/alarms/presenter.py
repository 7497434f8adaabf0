"""The alarm screen's presenter: rows, filter, freeze, evidence and what people do with alarms."""

from collections.abc import Callable, Sequence
from uuid import UUID

import numpy as np

from domain.condition.alarms import ACTIVE_CONDITION, AlarmState
from domain.instants import MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND
from domain.roles import Permission
from services.alarming import ActReport, AlarmView
from services.workstation import Workstation
from ui.formatting import PlantTime, Presentation, duration, present, unit_symbol
from ui.screens.alarm_words import message_of, place_of, symbol_of
from ui.screens.alarms.past import AlarmsPast
from ui.screens.alarms.state import AlarmAdvice, AlarmEvidence, AlarmRow, AlarmStatistics, Journal
from ui.screens.figures import machine_sheets
from ui.screens.permissions import refusal_to
from ui.screens.polling import Poll
from ui.screens.readings import Readings
from ui.tasks import Lane
from ui.text import alarm_state

LIST_S, STATISTICS_S, JOURNAL_S, EVIDENCE_S = 0.5, 10.0, 5.0, 30.0
SPANS_US = {"24h": MICROSECONDS_PER_DAY, "7d": 7 * MICROSECONDS_PER_DAY}
NOTHING = Presentation("")


class AlarmsPresenter:
    """Plain Python. ``rows`` never touches the disk; acts and reads go through the database lane."""

    def __init__(
        self,
        workstation: Workstation,
        *,
        tasks: Lane,
        plant_time: Callable[[], PlantTime],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._workstation, self._tasks, self._failed = workstation, tasks, failed
        self._plant_time = plant_time
        self.plant = workstation.monitoring.plant
        self._sheets = machine_sheets(self.plant, workstation.alarming.rules, workstation.baselines)
        self._past = AlarmsPast(workstation, self.plant, self._sheets)
        self._views: tuple[AlarmView, ...] | None = None
        self._frozen: tuple[AlarmRow, ...] | None = None
        self._frozen_us = 0
        self._selected: UUID | None = None
        self.reads = 0
        """How often the list has been read."""
        self.filter = ""
        self.tab = "active"
        self.span = "24h"
        self.statistics: AlarmStatistics | None = None
        self.journal: Journal | None = None
        self.evidence: AlarmEvidence | None = None
        self._list_poll = Poll(tasks, self._past.listed, self._take_list, period_s=LIST_S, failed=failed)
        self._statistics_poll = Poll(
            tasks, self._past.statistics, self._take_statistics, period_s=STATISTICS_S, failed=failed
        )
        self._journal_poll = Poll(
            tasks, self._load_journal, self._take_journal, period_s=JOURNAL_S, failed=failed
        )
        self._evidence_poll = Poll(
            tasks, self._load_evidence, self._take_evidence, period_s=EVIDENCE_S, failed=failed
        )

    def renew(self) -> None:
        """Draw evidence against the present baselines from now on."""
        workstation = self._workstation
        self._sheets.update(machine_sheets(self.plant, workstation.alarming.rules, workstation.baselines))

    # ---- from the disk

    def poll(self, now_us: int) -> None:
        """Ask for what is due."""
        self._list_poll.ask_if_due(now_us)
        self._statistics_poll.ask_if_due(now_us)
        if self.tab == "history":
            self._journal_poll.ask_if_due(now_us)
        if self._selected_view is not None:
            self._evidence_poll.ask_if_due(now_us)

    def _take_list(self, views: tuple[AlarmView, ...]) -> None:
        before = self._selected_view
        self._views = views
        self.reads += 1
        after = self._selected_view
        if before is not None and after is not None and before.alarm != after.alarm:
            self._evidence_poll.ask_soon()

    def _take_statistics(self, statistics: AlarmStatistics) -> None:
        self.statistics = statistics

    def _load_journal(self) -> Journal:
        return self._past.journal(SPANS_US[self.span])

    def _take_journal(self, journal: Journal) -> None:
        self.journal = journal

    def _load_evidence(self) -> AlarmEvidence | None:
        view = self._selected_view
        return None if view is None else self._past.evidence(view)

    def _take_evidence(self, evidence: AlarmEvidence | None) -> None:
        self.evidence = evidence

    # ---- rows

    @property
    def is_loaded(self) -> bool:
        """Whether the list has been read once."""
        return self._views is not None

    @property
    def is_known(self) -> bool:
        """Whether the list that was read is the present one: the database answers."""
        return self._workstation.watch.away is None

    def rows(self, now_us: int) -> tuple[AlarmRow, ...]:
        """Return what the active or unacknowledged tab shows: filtered, live or frozen."""
        rows = self._frozen if self._frozen is not None else self._live_rows(now_us)
        wanted = self.filter.casefold().split()
        return tuple(
            row
            for row in rows
            if (self.tab != "unacknowledged" or row.needs_acknowledgement)
            and all(word in row.searched for word in wanted)
        )

    def _live_rows(self, now_us: int) -> tuple[AlarmRow, ...]:
        views = self._views or ()
        keys = np.array([view.tag.key for view in views if view.tag is not None], np.int32)
        readings = Readings(
            self._workstation.live.values(keys),
            now_us=now_us,
            is_simulated=self._workstation.monitoring.is_simulated,
            texts=self._workstation.texts,
        )
        last = max((n for n, view in enumerate(views) if view.alarm.needs_acknowledgement), default=-1)
        return tuple(
            self._row(view, readings, now_us, ends_group=place == last and place < len(views) - 1)
            for place, view in enumerate(views)
        )

    def _row(self, view: AlarmView, readings: Readings, now_us: int, *, ends_group: bool) -> AlarmRow:
        alarm, rule = view.alarm, view.rule
        raised_us = alarm.raised_us or alarm.changed_us
        end_us = alarm.returned_us if alarm.returned_us is not None else now_us
        lasted_s = max(0, (end_us - raised_us) // MICROSECONDS_PER_SECOND)
        value = limit = NOTHING
        if view.tag is not None:
            value = readings.shown(view.tag)
        if rule.limit is not None and view.tag is not None:
            limit = present(rule.limit.value, unit=rule.limit.unit, digits=view.tag.digits)
        return AlarmRow(
            alarm.id, rule.asset_id, view.tag.point_id if view.tag is not None else None, symbol_of(view),
            alarm.needs_acknowledgement, alarm.state is AlarmState.LATCHED_ACKNOWLEDGED, ends_group,
            alarm_state(alarm.state, alarm.overlay), raised_us,
            self._plant_time().stamp(raised_us, now_us=now_us), place_of(self.plant, rule), view.path.text,
            message_of(self.plant, rule), value, limit,
            unit_symbol(view.tag.unit) if view.tag is not None else "", lasted_s, duration(lasted_s),
            alarm.acknowledged_by, alarm.note,
        )  # fmt: skip

    def counts(self) -> tuple[int, int] | None:
        """Return how many alarms are listed and how many of them wait; None while nobody knows."""
        views = self._views
        if views is None or not self.is_known:
            return None
        return len(views), sum(view.alarm.needs_acknowledgement for view in views)

    # ---- freeze

    @property
    def is_frozen(self) -> bool:
        """Whether the list stands still."""
        return self._frozen is not None

    def toggle_freeze(self, now_us: int) -> None:
        """Let the list stand still, or go on."""
        if self._frozen is None:
            self._frozen, self._frozen_us = self._live_rows(now_us), now_us
        else:
            self._frozen = None

    def frozen_for_s(self, now_us: int) -> float:
        """Return how long the list has stood still."""
        return max(0.0, (now_us - self._frozen_us) / MICROSECONDS_PER_SECOND)

    def hidden_new(self, seen: frozenset[UUID]) -> int:
        """Return how many waiting alarms are not among those seen."""
        return sum(
            view.alarm.id not in seen for view in self._views or () if view.alarm.needs_acknowledgement
        )

    # ---- detail

    @property
    def _selected_view(self) -> AlarmView | None:
        return next((view for view in self._views or () if view.alarm.id == self._selected), None)

    def select(self, alarm_id: UUID | None) -> None:
        """Show the evidence of this alarm from now on."""
        if alarm_id != self._selected:
            self._selected = alarm_id
            self.evidence = None
            self._evidence_poll.ask_soon()

    def advice(self, now_us: int) -> AlarmAdvice | None:
        """Return what to do about the selected alarm."""
        view = self._selected_view
        if view is None:
            return None
        rule = view.rule
        gone_us = now_us - (view.alarm.raised_us or now_us)
        waits = view.alarm.state in ACTIVE_CONDITION
        return AlarmAdvice(
            rule.consequence, rule.likely_cause, rule.response, rule.call,
            rule.respond_within_s if waits else None, gone_us / MICROSECONDS_PER_SECOND,
        )  # fmt: skip

    # ---- acts

    def refusal_to(self, permission: Permission) -> str:
        """Return why the person here may not do something; empty when he may."""
        return refusal_to(self._workstation.actor.role, permission)

    def acknowledge(self, alarm_ids: Sequence[UUID], *, note: str = "") -> None:
        """Acknowledge those of the alarms that wait for it."""
        waiting = {view.alarm.id for view in self._views or () if view.alarm.needs_acknowledgement}
        wanted = [each for each in alarm_ids if each in waiting]
        actor = self._workstation.actor
        if wanted:
            self._act(lambda: self._workstation.alarming.acknowledge(wanted, by=actor, note=note))

    def reset(self, alarm_ids: Sequence[UUID]) -> None:
        """Reset latched alarms."""
        wanted, actor = list(alarm_ids), self._workstation.actor
        self._act(lambda: self._workstation.alarming.reset(wanted, by=actor))

    def _act(self, work: Callable[[], ActReport]) -> None:
        self._tasks.run(work, done=self._on_acted, failed=self._failed)

    def _on_acted(self, report: ActReport) -> None:
        self._list_poll.ask_soon()
        self._statistics_poll.ask_soon()
        if self._frozen is not None:
            done = {alarm.id for alarm in report.done}
            self._frozen = tuple(row for row in self._frozen if row.id not in done)
        for _, error in report.refused[:1]:
            self._failed(error)

    def show_span(self, span: str) -> None:
        """Choose how far the journal reaches back."""
        self.span, self.journal = span, None
        self._journal_poll.ask_soon()

    def journal_rows(self) -> Journal | None:
        """Return the filtered journal, None while it is being read."""
        if self.journal is None or not self.filter:
            return self.journal
        wanted = self.filter.casefold().split()
        rows = tuple(
            row
            for row in self.journal.rows
            if all(word in f"{row.place} {row.message} {row.what} {row.by}".casefold() for word in wanted)
        )
        return Journal(rows, self.journal.is_cut)
