"""Head of the asset screen: who it is, how it is, what it does, and where to go from here."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ui.formatting import UNKNOWN_VALUE, Presentation, number
from ui.screens.asset.state import AssetDay, AssetState
from ui.text import tr
from ui.theme import CAPTION, KPI, NAME
from ui.widgets.elided_label import ElidedLabel
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import Panel, Separator, label
from ui.widgets.priority_symbol import PrioritySymbol
from ui.widgets.spark import HealthBar, Sparkline, StateLamp
from ui.widgets.value_label import ValueLabel

HEIGHT = 74


class AssetHeader(Panel):
    """One row; the least important parts leave first when it gets narrow."""

    analysis_asked = Signal()
    trends_asked = Signal()
    assets_asked = Signal()
    readings_asked = Signal()
    observation_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._symbol = PrioritySymbol(size=22)
        self._name, self._about = label("", size=KPI, strong=True), ElidedLabel()
        self._health = ValueLabel(tr("Asset", "Health"), size=KPI)
        self._bar = HealthBar(number_width=0)
        self._bar.setFixedWidth(84)
        self._refusal = label("", size=CAPTION, role="title")
        self._spark = Sparkline(tr("Asset", "Health, 14 days"))
        self._spark.setFixedSize(96, 28)
        self._zone, self._origin = label("", size=NAME, strong=True), label("", size=CAPTION, role="caption")
        self._lamp, self._speed = StateLamp(), ValueLabel(tr("Asset", "Speed"))
        self._assets = KeyButton(tr("Asset", "Assets"))
        self._analysis = KeyButton(tr("Asset", "Analysis"), key="Ctrl+5")
        self._trends = KeyButton(tr("Asset", "Trends"), key="Ctrl+4")
        self._readings = KeyButton(tr("Asset", "Readings"), key="Ctrl+R")
        self._observation = KeyButton(tr("Asset", "Observation"), key="Ctrl+O")
        self._build()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._symbol)
        row.addLayout(_pair(self._name, self._about), 1)
        row.addWidget(Separator(vertical=True))
        self._health_caption = _caption(tr("Asset", "Health, escalates below 70"))
        health = _side_by_side(self._health, self._bar, self._refusal, gap=8)
        row.addLayout(_stack(self._health_caption, health))
        self._fortnight = self._make_fortnight()
        row.addWidget(self._fortnight)
        row.addWidget(Separator(vertical=True))
        row.addLayout(_pair(self._origin, self._zone))
        row.addWidget(Separator(vertical=True))
        state = _side_by_side(self._lamp, self._speed, gap=10)
        row.addLayout(_stack(_caption(tr("Asset", "State")), state))
        row.addWidget(Separator(vertical=True))
        for button, signal in (
            (self._assets, self.assets_asked),
            (self._analysis, self.analysis_asked),
            (self._trends, self.trends_asked),
            (self._readings, self.readings_asked),
            (self._observation, self.observation_asked),
        ):
            button.clicked.connect(signal)
            row.addWidget(button)
        self.body.addLayout(row)
        self.setFixedHeight(HEIGHT)

    def _make_fortnight(self) -> QWidget:
        fortnight = QWidget()
        column = QVBoxLayout(fortnight)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addStretch(1)
        column.addWidget(_caption(tr("Asset", "14 days")))
        column.addWidget(self._spark)
        column.addStretch(1)
        return fortnight

    def set_narrow(self, narrow: bool) -> None:
        """Leave out what can be read elsewhere."""
        self._assets.setVisible(narrow)
        self._fortnight.setVisible(not narrow)
        self._speed.setVisible(not narrow)
        self._health_caption.setText(
            tr("Asset", "Health") if narrow else tr("Asset", "Health, escalates below 70")
        )

    def allow_observation(self, no_right: str) -> None:
        """Offer the observation; ``no_right`` says who may when this person may not."""
        self._observation.setEnabled(not no_right)
        self._observation.setToolTip(no_right)

    def show_asset(self, state: AssetState, day: AssetDay | None, *, begun: str) -> None:
        """Show a machine; ``begun`` says which reports of it wait half-written."""
        self._symbol.setVisible(state.symbol is not None)
        self._symbol.show_state(state.symbol)
        self._name.setText(state.machine.name)
        self._about.set_words(", ".join(filter(None, (begun, state.description))))
        known = state.score is not None
        self._health.show_value(
            Presentation(number(state.score, 0)) if state.score is not None
            else Presentation(UNKNOWN_VALUE.text, is_hatched=True, tip=state.refusal)
        )  # fmt: skip
        self._bar.setVisible(known)
        self._bar.show_score(state.score)
        self._refusal.setVisible(not known)
        self._refusal.setText(state.refusal)
        mine = day is not None and day.machine_id == state.machine.id
        self._spark.show_spark(day.health if mine and day is not None else None)
        self._zone.setText(state.zone.head)
        self._origin.setText(state.zone.origin)
        for each in (self._zone, self._origin):
            each.setToolTip(state.zone.tip)
        self._lamp.show_state(state.state)
        if state.speed is not None:
            self._speed.show_value(state.speed)


def _caption(words: str) -> QLabel:
    return label(words, size=CAPTION, role="caption")


def _pair(over: QLabel, under: QWidget) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(1)
    column.addStretch(1)
    column.addWidget(over)
    column.addWidget(under)
    column.addStretch(1)
    return column


def _side_by_side(*parts: QWidget, gap: int) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(gap)
    for part in parts:
        row.addWidget(part)
    return row


def _stack(over: QLabel, under: QHBoxLayout) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(1)
    column.addStretch(1)
    column.addWidget(over)
    under.addStretch(1)
    column.addLayout(under)
    column.addStretch(1)
    return column
