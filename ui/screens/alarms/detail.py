"""The detail of one alarm: time left, consequence, cause and response before any curve; then its evidence."""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.signals import Waveform
from ui.formatting import PlantTime, number, unit_symbol
from ui.screens.alarms.state import AlarmAdvice, AlarmEvidence, AlarmRow
from ui.text import tr
from ui.theme import BODY, CAPTION, NAME
from ui.widgets.fact_grid import FactGrid
from ui.widgets.figure_pane import FigurePane
from ui.widgets.key_button import KeyButton
from ui.widgets.notices import EmptyState
from ui.widgets.panel import Separator, label
from ui.widgets.plot_layers import EventMark, LimitLine
from ui.widgets.priority_symbol import PrioritySymbol
from ui.widgets.time_left import TimeLeft
from ui.widgets.trend_plot import TrendCurve
from ui.widgets.waveform_plot import WaveformPlot

SHOWN_MS = 200.0
ROOM_FOR_WAVEFORM = 640
"""Below this height the words of the response go before the waveform."""


class AlarmDetail(QWidget):
    """Stands beside the list or in the drawer."""

    acknowledge_asked = Signal(str)
    """Acknowledge the alarm shown; carries the note."""
    reset_asked = Signal()
    asset_asked = Signal()
    analysis_asked = Signal()

    def __init__(self, plant_time: Callable[[], PlantTime]) -> None:
        super().__init__()
        self._plant_time = plant_time
        self._symbol = PrioritySymbol(size=22)
        self._title = _wrapped(NAME, strong=True)
        self._since = _wrapped(CAPTION, role="title")
        self._time = TimeLeft()
        self._texts = {key: _wrapped(BODY) for key in ("consequence", "cause", "response", "call")}
        self._captions: dict[str, QLabel] = {}
        self._pane = FigurePane(tr("Alarms", "Trend of the alarm"), plant_time=plant_time)
        self._wave_head = label("", size=CAPTION, strong=True)
        self._wave = WaveformPlot(tr("Alarms", "Kept waveform"), unit="g")
        self._wave.readout.hide()
        self._note = QLineEdit()
        self._acknowledge = KeyButton(tr("Alarms", "Acknowledge"), key="F9", is_primary=True)
        self._reset = KeyButton(tr("Alarms", "Reset"))
        self._open = KeyButton(tr("Alarms", "Open asset"), key="Enter")
        self._analysis = KeyButton(tr("Alarms", "Analysis"), key="Ctrl+5")
        self._shown: AlarmEvidence | None = None
        self._build()

    def _build(self) -> None:
        content = QWidget()
        self._pages = QStackedLayout(self)
        self._pages.addWidget(
            EmptyState(
                tr("Alarms", "No alarm chosen."),
                why=tr("Alarms", "What to do, the trend and the waveform of the chosen alarm stand here."),
            )
        )
        self._pages.addWidget(content)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(self._head())
        column.addWidget(Separator())
        column.addWidget(self._time)
        column.addLayout(self._advice_grid())
        column.addWidget(Separator())
        self._pane.setMinimumHeight(120)
        column.addWidget(self._pane, 3)
        column.addWidget(self._wave_head)
        self._wave.setMinimumHeight(80)
        column.addWidget(self._wave, 2)
        self._spring = QWidget()
        self._spring.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        column.addWidget(self._spring)
        self._note.setObjectName("field")
        self._note.setPlaceholderText(tr("Alarms", "Note (optional)"))
        self._note.setAccessibleName(tr("Alarms", "Note to the acknowledgement"))
        self._note.returnPressed.connect(self._ask)
        column.addWidget(self._note)
        column.addLayout(self._buttons())

    def _head(self) -> QHBoxLayout:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._symbol, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._since)
        head.addLayout(words, 1)
        return head

    def _advice_grid(self) -> FactGrid:
        names = {
            "consequence": tr("Alarms", "Consequence"),
            "cause": tr("Alarms", "Likely cause"),
            "response": tr("Alarms", "Response"),
            "call": tr("Alarms", "Call"),
        }
        grid = FactGrid(self._texts, names)
        self._captions = grid.captions
        return grid

    def _buttons(self) -> QVBoxLayout:
        rows = QVBoxLayout()
        rows.setSpacing(8)
        for pair in ((self._acknowledge, self._reset), (self._open, self._analysis)):
            row = QHBoxLayout()
            row.setSpacing(8)
            for button in pair:
                row.addWidget(button, 1)
            rows.addLayout(row)
        self._acknowledge.clicked.connect(self._ask)
        self._reset.clicked.connect(self.reset_asked)
        self._open.clicked.connect(self.asset_asked)
        self._analysis.clicked.connect(self.analysis_asked)
        return rows

    def _ask(self) -> None:
        if self._acknowledge.isEnabled():
            self.acknowledge_asked.emit(self._note.text().strip())
            self._note.clear()

    @property
    def note(self) -> str:
        """What stands in the note field."""
        return self._note.text().strip()

    def clear_note(self) -> None:
        """Empty the note field after it went with an acknowledgement."""
        self._note.clear()

    def show_alarm(self, row: AlarmRow, advice: AlarmAdvice | None, *, no_right: str) -> None:
        """Show words and what can be done; ``no_right`` says who may when this person may not."""
        self._pages.setCurrentIndex(1)
        self._symbol.show_state(row.symbol)
        self._title.setText(row.message)
        self._since.setText(f"{row.place},  {row.raised},  {row.state}")
        self._since.setToolTip(row.path)
        has_time = advice is not None and advice.respond_within_s is not None
        self._time.setVisible(has_time)
        if advice is not None:
            if advice.respond_within_s is not None:
                self._time.show_time(within_s=advice.respond_within_s, gone_s=advice.gone_s)
            texts = (advice.consequence, advice.likely_cause, advice.response, advice.call)
            for key, words in zip(self._texts, texts, strict=True):
                if self._texts[key].text() != words:
                    self._texts[key].setText(words)
                self._texts[key].setVisible(bool(words))
                self._captions[key].setVisible(bool(words))
        self._acknowledge.setEnabled(row.needs_acknowledgement and not no_right)
        self._note.setVisible(row.needs_acknowledgement and not no_right)
        self._reset.setVisible(row.can_be_reset)
        self._reset.setEnabled(not no_right)
        for button in (self._acknowledge, self._reset):
            button.setToolTip(no_right)
        self._analysis.setEnabled(row.point_id is not None)

    def show_evidence(self, evidence: AlarmEvidence | None, row: AlarmRow) -> None:
        """Draw what the disk holds of the alarm; live values are appended by ``follow``."""
        mine = evidence is not None and evidence.alarm_id == row.id
        has_trend = mine and evidence is not None and evidence.figure is not None
        has_wave = mine and evidence is not None and evidence.waveform is not None
        self._pane.setVisible(has_trend)
        has_wave = has_wave and self.height() >= ROOM_FOR_WAVEFORM
        self._wave.setVisible(has_wave)
        self._wave_head.setVisible(has_wave)
        self._spring.setVisible(not has_trend)
        if evidence is None or not mine or evidence is self._shown:
            return
        self._shown = evidence
        self._draw_trend(evidence, row)
        if evidence.waveform is not None:
            self._draw_waveform(evidence.waveform)

    def _draw_trend(self, evidence: AlarmEvidence, row: AlarmRow) -> None:
        figure, columns = evidence.figure, evidence.columns
        if figure is None or columns is None:
            return
        tag = figure.tag
        limits: tuple[LimitLine, ...] = figure.limit_lines
        self._pane.show_figure(
            TrendCurve(tag.key, figure.name, tag.unit, tag.digits),
            scale=figure.scale, band=figure.normal, limits=limits,
        )  # fmt: skip
        self._pane.show_note(tr("Alarms", "60 min before until now"))
        self._pane.show_history(columns)
        self._pane.set_events([(evidence.raised_us, EventMark(0.0, row.symbol))])

    def _draw_waveform(self, waveform: Waveform) -> None:
        count = max(8, round(SHOWN_MS / 1000 * waveform.sampling_rate_hz))
        samples = np.ascontiguousarray(waveform.samples[:count])
        self._wave.show_samples(samples, sampling_rate_hz=waveform.sampling_rate_hz)
        self._wave_head.setText(
            tr(
                "Alarms",
                "Kept waveform {unit}   first {length} ms at {time}",
                unit=unit_symbol(waveform.unit),
                length=number(1000 * len(samples) / waveform.sampling_rate_hz, 0),
                time=self._plant_time().clock(waveform.start_us),
            )
        )

    def follow(self, row: AlarmRow, *, value: float, quality: int, at_us: int, now_us: int) -> None:
        """Append the live value and keep the hour before the alarm in view."""
        key = self._pane.tag_key
        if key is None or self._pane.isHidden() or self._shown is None or self._shown.alarm_id != row.id:
            return
        if at_us:
            self._pane.plot.append(key, time_us=at_us, value=value, quality=quality)
        self._pane.show_value(row.value)
        if self._pane.plot.is_live:
            hour = 3600 * MICROSECONDS_PER_SECOND
            self._pane.plot.set_window(start_us=self._shown.raised_us - hour, end_us=now_us)


def _wrapped(size: int, *, strong: bool = False, role: str = "text") -> QLabel:
    made = label("", size=size, strong=strong, role=role)
    made.setWordWrap(True)
    made.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
    made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    return made
