"""Widgets of the screen Analysis and where they stand; wide beside each other, narrow with a drawer."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from ui.formatting import PlantTime
from ui.screens.analysis.bands import BandStack
from ui.screens.analysis.side import SidePanel
from ui.screens.analysis.tools import SpanTools, SpectrumTools
from ui.text import tr
from ui.theme import CAPTION
from ui.widgets.fact_chip import FactChip
from ui.widgets.key_button import KeyButton, SegmentedButtons
from ui.widgets.notices import NoPlant
from ui.widgets.panel import Panel, label
from ui.widgets.readout import ReadoutLine
from ui.widgets.row_list import RowList
from ui.widgets.spectrum_marks import FAMILY_SIDEBANDS
from ui.widgets.spectrum_plot import AmplitudeScale, SpectrumPlot
from ui.widgets.waterfall_plot import WaterfallPlot
from ui.widgets.waveform_plot import WaveformPlot

NARROW_BELOW = 1500
LEFT, LEFT_NARROW, RIGHT = 218, 208, 356
WATERFALL_ROWS, WATERFALL_BINS = 96, 640
GAP = 8


class AnalysisView(QWidget):
    """Builds the widgets and says what was pressed."""

    pause_asked = Signal()
    export_asked = Signal()
    readings_asked = Signal()

    def __init__(self, *, plant_time: Callable[[], PlantTime], go: Callable[[str], bool]) -> None:
        super().__init__()
        self._is_narrow: bool | None = None
        self._make_header()
        self._make_lists()
        self._make_plots(plant_time)
        self.side = SidePanel()
        self.empty = NoPlant(tr("Analysis", "No measurement point delivers waveforms yet."), go=go)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._lay_out())
        self._stack.addWidget(self.empty)
        for keys, act in (("Ctrl+E", self.export_asked), ("Space", self.pause_asked)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)

    # ---- parts

    def _make_header(self) -> None:
        self.quantity = FactChip(
            tr("Analysis", "Quantity"),
            choices=(
                ("velocity", tr("Analysis", "Velocity, mm/s rms")),
                ("acceleration", tr("Analysis", "Acceleration, g")),
            ),
        )
        self.range = FactChip(tr("Analysis", "Range"), choices=(("500", "0\u2013500 Hz"),))
        self.state = FactChip(tr("Analysis", "State"))
        self.speed = FactChip(tr("Analysis", "Speed"))
        self.bearing = FactChip(tr("Analysis", "Bearing"))
        self.mode = label("", strong=True)
        self.mode.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.when = label("", size=CAPTION, role="caption")
        self.when.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.readings_button = KeyButton(tr("Analysis", "Readings"))
        self.export_button = KeyButton(tr("Analysis", "Export"), key="Ctrl+E")
        self.pause_button = KeyButton(tr("Analysis", "Pause"), key=tr("Keys", "Space"))
        self.pause_button.setMinimumWidth(124)
        self.readings_button.clicked.connect(self.readings_asked)
        self.export_button.clicked.connect(self.export_asked)
        self.pause_button.clicked.connect(self.pause_asked)

    def _make_lists(self) -> None:
        self.points = RowList(tr("Analysis", "Points"))
        self.kept = RowList(tr("Analysis", "Kept spectra and waveforms"), follows_arrows=False)
        self.points_panel = Panel(tr("Analysis", "Points"), "mm/s", padding=1)
        self.points_panel.body.addWidget(self.points.scroller())
        self.kept_panel = Panel(tr("Analysis", "Kept"), padding=1)
        self.kept_panel.body.addWidget(self.kept.scroller())

    def _make_plots(self, plant_time: Callable[[], PlantTime]) -> None:
        self.spectrum = SpectrumPlot(tr("Analysis", "Spectrum"), unit="mm/s")
        self.waveform = WaveformPlot(tr("Analysis", "Waveform"), unit="g")
        self.envelope = SpectrumPlot(tr("Analysis", "Envelope"), unit="g")
        self.envelope.set_scale(AmplitudeScale.LINEAR)
        for plot in (self.spectrum, self.waveform, self.envelope):
            plot.follows_height = True
        self.spectrum.set_sidebands(FAMILY_SIDEBANDS)
        self.envelope.set_sidebands(FAMILY_SIDEBANDS)
        self.waterfall = WaterfallPlot(
            tr("Analysis", "Waterfall"), rows=WATERFALL_ROWS, bins=WATERFALL_BINS, plant_time=plant_time
        )
        self.waterfall_line = ReadoutLine(tr("Analysis", "Readout of the waterfall"))
        self.bands = BandStack(plant_time=plant_time)
        self.spectrum_panel = self._panel(tr("Analysis", "Spectrum"), self.spectrum)
        self.tools, self.spans = SpectrumTools(), SpanTools()
        self.spectrum_panel.set_header_widget(self.tools)
        self.waveform_panel = self._panel(tr("Analysis", "Waveform"), self.waveform)
        self.envelope_panel = self._panel(tr("Analysis", "Envelope"), self.envelope)
        self.waterfall_panel = self._panel(tr("Analysis", "Waterfall"), self.waterfall, self.waterfall_line)
        self.waterfall_panel.set_header_widget(self.spans)
        self.bands_panel = self._panel(tr("Analysis", "Bands"), self.bands)

    def _panel(self, title: str, *content: QWidget) -> Panel:
        panel = Panel(title, padding=8)
        for each in content:
            panel.body.addWidget(each, 1 if each is content[0] else 0)
        panel.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        panel.setMinimumHeight(150)
        return panel

    # ---- places

    def _lay_out(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addLayout(self._header_row())
        self._body = QHBoxLayout()
        self._body.setSpacing(GAP)
        self._body.addWidget(self._left_column())
        self._body.addWidget(self._centre(), 1)
        self._body.addWidget(self.side)
        column.addLayout(self._body, 1)
        return page

    def _header_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GAP)
        for chip in (self.quantity, self.range, self.state, self.speed, self.bearing):
            row.addWidget(chip)
        row.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.mode)
        words.addWidget(self.when)
        row.addLayout(words)
        for button in (self.readings_button, self.export_button, self.pause_button):
            row.addWidget(button)
        return row

    def _left_column(self) -> QWidget:
        self._left = QWidget()
        column = QVBoxLayout(self._left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        column.addWidget(self.points_panel, 27)
        column.addWidget(self.kept_panel, 11)
        return self._left

    def _centre(self) -> QWidget:
        centre = self.centre = QWidget()
        grid = self._grid = QGridLayout(centre)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(GAP)
        self.pages = SegmentedButtons(
            [
                ("signal", tr("Analysis", "Waveform and envelope")),
                ("past", tr("Analysis", "Waterfall and bands")),
            ],
            name=tr("Analysis", "Plots below"),
        )
        self.pages.chosen.connect(self._show_page)
        grid.addWidget(self.spectrum_panel, 0, 0, 1, 2)
        grid.addWidget(self.pages, 1, 0, 1, 2, Qt.AlignmentFlag.AlignLeft)
        grid.addWidget(self.waveform_panel, 2, 0)
        grid.addWidget(self.envelope_panel, 2, 1)
        grid.addWidget(self.waterfall_panel, 3, 0)
        grid.addWidget(self.bands_panel, 3, 1)
        for column in (0, 1):
            grid.setColumnStretch(column, 1)
            grid.setColumnMinimumWidth(column, 200)
        return centre

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < NARROW_BELOW
        if narrow is self._is_narrow:
            return
        self._is_narrow = narrow
        self._left.setFixedWidth(LEFT_NARROW if narrow else LEFT)
        self.side.setMinimumWidth(RIGHT)
        self.side.setMaximumWidth(460 if narrow else RIGHT)
        self.readings_button.setVisible(narrow)
        self.pages.setVisible(narrow)
        if narrow:
            self._body.removeWidget(self.side)
            self.side.hide()
            self.side.setParent(None)
        else:
            self._body.addWidget(self.side)
            self.side.show()
        self._show_page(self.pages.current)

    def _show_page(self, page: str) -> None:
        """Show one pair of plots below the spectrum, or both where there is room."""
        signal, past = page == "signal" or not self._is_narrow, page == "past" or not self._is_narrow
        for panel, shown in (
            (self.waveform_panel, signal),
            (self.envelope_panel, signal),
            (self.waterfall_panel, past),
            (self.bands_panel, past),
        ):
            panel.setVisible(shown)
        shares = (40, 0, 28 if signal else 0, 30 if past else 0)
        for row, share in enumerate(shares):
            self._grid.setRowStretch(row, share)

    def show_empty(self, is_empty: bool) -> None:
        """Show that there is nothing to analyse."""
        self._stack.setCurrentIndex(1 if is_empty else 0)

    @property
    def settings_words(self) -> str:
        """Quantity, range, state, speed and bearing in one line."""
        chips = (self.quantity, self.range, self.state, self.speed, self.bearing)
        return " \u00b7 ".join(chip.value for chip in chips)
