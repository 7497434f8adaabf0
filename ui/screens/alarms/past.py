"""What the alarm screen needs from the disk, gathered in the database lane."""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

import numpy as np

from domain.condition.alarms import AlarmState
from domain.errors import NotFound
from domain.instants import MICROSECONDS_PER_HOUR
from domain.plant.plant import Plant
from domain.plant.signals import Waveform
from services.alarming import AlarmView
from services.workstation import Workstation
from ui.screens.alarm_words import code_of, event_rows, message_of
from ui.screens.alarms.state import AlarmEvidence, AlarmStatistics, Journal
from ui.screens.figures import Figure, MachineSheet
from ui.widgets.reason_bars import ReasonBar

STATISTICS_US = 8 * MICROSECONDS_PER_HOUR
SLOT_US = MICROSECONDS_PER_HOUR // 6
BEFORE_US = MICROSECONDS_PER_HOUR
MOST_FREQUENT = 5
LONGEST_JOURNAL = 2000
TREND_COLUMNS = 360


class AlarmsPast:
    """Every method is for the database lane."""

    def __init__(self, workstation: Workstation, plant: Plant, sheets: Mapping[UUID, MachineSheet]) -> None:
        self._workstation, self._plant = workstation, plant
        self._rules = {rule.id: rule for rule in workstation.alarming.rules}
        self._sheets = sheets

    def listed(self) -> tuple[AlarmView, ...]:
        """Return the active list."""
        return self._workstation.alarming.listed()

    def statistics(self) -> AlarmStatistics:
        """Count transitions into "unacknowledged" of the last eight hours."""
        end_us = self._workstation.clock.now_us()
        end_us = -(-end_us // SLOT_US) * SLOT_US
        start_us = end_us - STATISTICS_US
        journal = self._workstation.alarming.journal(start_us=start_us, end_us=end_us, limit=10_000)
        new = [each for each in journal if each.state_to is AlarmState.UNACKNOWLEDGED]
        counts, _ = np.histogram(
            [each.at_us for each in new], bins=STATISTICS_US // SLOT_US, range=(start_us, end_us)
        )
        often = Counter(each.rule_id for each in new if each.rule_id in self._rules)
        frequent = [
            ReasonBar(self._named(rule_id), float(count))
            for rule_id, count in often.most_common(MOST_FREQUENT)
        ]
        return AlarmStatistics(
            tuple(int(count) for count in counts), start_us, end_us, tuple(frequent), len(new)
        )

    def _named(self, rule_id: UUID) -> str:
        rule = self._rules[rule_id]
        return f"{code_of(self._plant, rule)}  {message_of(self._plant, rule)}".strip()

    def journal(self, span_us: int) -> Journal:
        """Return the newest transitions of a stretch."""
        now_us = self._workstation.clock.now_us()
        found = self._workstation.alarming.journal(
            start_us=now_us - span_us, end_us=now_us, limit=LONGEST_JOURNAL + 1
        )
        rows = event_rows(found[:LONGEST_JOURNAL], self._plant, self._rules)
        return Journal(rows, len(found) > LONGEST_JOURNAL)

    def evidence(self, view: AlarmView) -> AlarmEvidence:
        """Return trend and waveform of an alarm; what retention took is left out."""
        now_us = self._workstation.clock.now_us()
        raised_us = view.alarm.raised_us or now_us
        figure = None if view.tag is None else self._figure(view.tag.key)
        columns = None
        if figure is not None:
            columns = self._workstation.history.trend(
                figure.tag.key, start_us=raised_us - BEFORE_US, end_us=now_us, columns=TREND_COLUMNS
            )
        return AlarmEvidence(view.alarm.id, figure, columns, self._waveform(view), raised_us)

    def _figure(self, key: int) -> Figure | None:
        return next((found for each in self._sheets.values() if (found := each.by_key.get(key))), None)

    def _waveform(self, view: AlarmView) -> Waveform | None:
        if view.alarm.waveform_id is None:
            return None
        try:
            return self._workstation.history.waveform(view.alarm.waveform_id)
        except NotFound:
            return None
