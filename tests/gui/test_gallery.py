"""Every widget in several states and both themes, as pictures to judge by eye."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from domain.condition.alarms import AlarmState, Overlay, Priority
from domain.plant.assets import MachineState
from domain.plant.quality import BAD_COMMUNICATION_LOST, BAD_STALE, UNCERTAIN_CLOCK, QualityFlag
from ui.formatting import Presentation, present
from ui.theme import DAY, KPI_LARGE, NIGHT, Theme, Tokens
from ui.widgets.analog_bar import AnalogBar
from ui.widgets.data_table import DataTable
from ui.widgets.key_button import CounterChip, KeyButton, SegmentedButtons
from ui.widgets.notices import EmptyState, MessageBar, SimulationBar
from ui.widgets.panel import Panel, label
from ui.widgets.priority_symbol import PrioritySymbol, SymbolState, draw_symbol
from ui.widgets.spark import HealthBar, Spark, Sparkline, StateLamp
from ui.widgets.table_model import CellKind, Column
from ui.widgets.value_label import ValueLabel

THEMES = pytest.mark.parametrize("tokens", [DAY, NIGHT], ids=["day", "night"])
STATES = [
    (AlarmState.UNACKNOWLEDGED, Overlay.NONE),
    (AlarmState.ACKNOWLEDGED, Overlay.NONE),
    (AlarmState.RETURNED, Overlay.NONE),
    (AlarmState.LATCHED_UNACKNOWLEDGED, Overlay.NONE),
    (AlarmState.LATCHED_ACKNOWLEDGED, Overlay.NONE),
    (AlarmState.ACKNOWLEDGED, Overlay.SHELVED),
]


def spark(seed: int, alarm: Priority | None = None) -> Spark:
    values = 3 + np.random.default_rng(seed).normal(0, 0.3, 90).cumsum() * 0.2
    values[40:48] = np.nan
    return Spark(values, 0, 6, 2, 4, alarm)


class SymbolSheet(QWidget):
    """All symbols, nominal and large."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self._tokens = tokens
        self.setFixedSize(620, 200)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._tokens.panel))
        for row, priority in enumerate(Priority):
            for column, (state, overlay) in enumerate(STATES):
                shown = SymbolState(priority, state, overlay)
                draw_symbol(painter, QPointF(30 + column * 42, 26 + row * 46), shown, tokens=self._tokens)
                at = QPointF(320 + column * 50, 26 + row * 46)
                draw_symbol(painter, at, shown, tokens=self._tokens, size=28)
        painter.end()


@THEMES
def test_symbols(tokens: Tokens, theme: Theme, qtbot, pictures: Path) -> None:
    theme.use(tokens)
    sheet = SymbolSheet(tokens)
    qtbot.addWidget(sheet)
    assert sheet.grab().save(str(pictures / f"symbols-{tokens.name}.png"))


def bars() -> QWidget:
    panel = Panel("WORST ASSET", "Line 2, constraint")
    panel.set_title("WORST ASSET", "Filler FL2")
    row = QHBoxLayout()
    plan = [
        ("Outer race", "DE bearing", 3.06, "g", 0, Priority.CRITICAL),
        ("Vibration", "motor DE", 4.6, "mm/s", 0, Priority.HIGH),
        ("Temperature", "motor DE", 78.0, "degC", UNCERTAIN_CLOCK, None),
        ("Current", "main drive", 46.0, "A", BAD_STALE, None),
        ("Pressure", "bowl", 1.42, "bar", BAD_COMMUNICATION_LOST, None),
    ]
    for title, sub, value, unit, quality, priority in plan:
        bar = AnalogBar(title, sub)
        bar.set_scale(0, value * 1.6, normal=(value * 0.3, value * 0.8), limits=(value * 0.98, value * 1.3))
        shown = present(value, unit=unit, digits=2, quality=quality, age_s=250)
        symbol = SymbolState(priority, AlarmState.UNACKNOWLEDGED) if priority else None
        bar.show_value(value, shown, symbol=symbol)
        row.addWidget(bar)
    panel.body.addLayout(row)
    return panel


def controls() -> QWidget:
    panel = Panel("Controls", "buttons, values, lamps")
    grid = QGridLayout()
    row = QHBoxLayout()
    for button in (
        KeyButton("Acknowledge", key="F9", is_primary=True),
        KeyButton("Alarm list", key="Ctrl+2"),
        KeyButton("Pause", key="Space", icon="pause"),
        KeyButton("", icon="help", name="Help"),
    ):
        row.addWidget(button)
    off = KeyButton("Reset")
    off.setEnabled(False)
    row.addWidget(off)
    row.addStretch(1)
    grid.addLayout(row, 0, 0)
    row = QHBoxLayout()
    row.addWidget(SegmentedButtons([("1", "1 h"), ("8", "8 h"), ("24", "24 h")], name="Period", current="8"))
    for priority in Priority:
        chip = CounterChip(priority)
        chip.show_counts(int(priority) * 3, 1)
        row.addWidget(chip)
    row.addStretch(1)
    grid.addLayout(row, 1, 0)
    row = QHBoxLayout()
    simulated = int(QualityFlag.SIMULATED)
    for quality in (0, UNCERTAIN_CLOCK, BAD_STALE, BAD_COMMUNICATION_LOST, simulated):
        value = ValueLabel("Vibration")
        value.show_value(present(4.6, unit="mm/s", digits=1, quality=quality, age_s=250))
        row.addWidget(value)
    large = ValueLabel("OEE", size=KPI_LARGE)
    large.show_value(Presentation("81.4", "%"))
    row.addWidget(large)
    row.addStretch(1)
    grid.addLayout(row, 2, 0)
    row = QHBoxLayout()
    for state in (MachineState.RUN, MachineState.BLOCKED, MachineState.UNKNOWN):
        lamp = StateLamp()
        lamp.show_state(state)
        row.addWidget(lamp)
    for score in (91.0, 34.0, None):
        health = HealthBar()
        health.show_score(score)
        row.addWidget(health)
    line = Sparkline("Vibration, 24 h")
    line.show_spark(spark(1, Priority.HIGH))
    row.addWidget(line)
    row.addWidget(PrioritySymbol(SymbolState(Priority.MEDIUM)))
    row.addWidget(label("caption", role="caption"))
    grid.addLayout(row, 3, 0)
    panel.body.addLayout(grid)
    return panel


def table() -> QWidget:
    columns = [
        Column("priority", "Pri", lambda r: r[1], CellKind.SYMBOL, 48, is_hideable=False),
        Column("asset", "Asset", lambda r: r[0]),
        Column("state", "State", lambda r: r[2], CellKind.STATE, 110),
        Column("health", "Health", lambda r: r[3], CellKind.HEALTH, 130),
        Column("value", "Value", lambda r: r[4], CellKind.NUMBER, 80, decimals=2),
        Column("unit", "Unit", lambda r: r[4].unit, width=60, is_weak=True),
        Column("spark", "Vibration, 24 h", lambda r: r[5], CellKind.SPARK, 130),
    ]
    rows = [
        (
            "Filler FL2",
            SymbolState(Priority.CRITICAL),
            MachineState.RUN,
            34.0,
            present(3.06, unit="g", digits=2),
            spark(2, Priority.CRITICAL),
        ),
        (
            "Pump P-103",
            SymbolState(Priority.HIGH, AlarmState.ACKNOWLEDGED),
            MachineState.RUN,
            72.0,
            present(118, unit="bar", digits=0),
            spark(3),
        ),
        (
            "Conveyor C24",
            SymbolState(Priority.MEDIUM, AlarmState.RETURNED),
            MachineState.BLOCKED,
            71.0,
            present(21.4, unit="N", digits=1),
            spark(4),
        ),
        (
            "Packer PK2",
            None,
            MachineState.CHANGE,
            None,
            present(1, unit="g", digits=1, quality=BAD_COMMUNICATION_LOST),
            None,
        ),
    ]
    made = DataTable(columns, name="Assets", identity=lambda r: r[0], is_bold=lambda r: bool(r[1]))
    made.set_rows(rows)
    made.select("Filler FL2")
    made.setMinimumHeight(160)
    return made


@THEMES
def test_gallery(tokens: Tokens, theme: Theme, qtbot, pictures: Path) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    column = QVBoxLayout(page)
    message = MessageBar()
    message.show_message("The trend could not be read. Live values go on.", details="x")
    empty = EmptyState("No limits yet.", why="Limits come from a standard or from you.", act="Propose limits")
    for widget in (SimulationBar(), message, bars(), controls(), table(), empty):
        column.addWidget(widget)
    page.resize(900, 860)
    theme.use(tokens)
    page.show()
    assert page.grab().save(str(pictures / f"gallery-{tokens.name}.png"))
