"""One observation in full, as the drawer shows it."""

from collections.abc import Callable

from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from services.reports import ObservationView
from ui.formatting import PlantTime
from ui.screens.reporting.words import kind_name
from ui.text import tr
from ui.theme import BODY, CAPTION, NAME
from ui.widgets.panel import Separator, label


class ObservationDetail(QWidget):
    """What, where, when, who; it is evidence and nobody changes it."""

    def __init__(self, *, plant_time: Callable[[], PlantTime], now_us: Callable[[], int]) -> None:
        super().__init__()
        self._plant_time, self._now_us = plant_time, now_us
        self._kind = label("", size=NAME, strong=True)
        self._where, self._who = label("", size=CAPTION, role="title"), label("", size=CAPTION, role="title")
        self.text = label("", size=BODY)
        for each in (self._where, self._who, self.text):
            each.setWordWrap(True)
            each.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for part in (self._kind, self._where, self._who, Separator(), self.text):
            column.addWidget(part)
        column.addStretch(1)

    def show_observation(self, view: ObservationView) -> None:
        """Show one."""
        seen = view.observation
        self._kind.setText(kind_name(seen.kind))
        where = (view.path.text, "" if view.point is None else view.point.name)
        self._where.setText(", ".join(part for part in where if part))
        stamp = self._plant_time().stamp(seen.observed_us, now_us=self._now_us())
        self._who.setText(tr("Reporting", "{who}, {stamp}", who=seen.author, stamp=stamp))
        self._who.setToolTip(self._plant_time().tip(seen.observed_us))
        self.text.setText(seen.text or tr("Reporting", "Nothing more was said."))
