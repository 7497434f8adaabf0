"""A plot above the line that reads out its cursor: what spectrum, waveform and trend have in common."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui.widgets.plot_pane import PlotPane
from ui.widgets.readout import ReadoutLine


class ReadoutPlot(QWidget):
    """Pane and readout line as one widget; the keyboard belongs to the pane."""

    def __init__(self, pane: PlotPane, readout: ReadoutLine) -> None:
        super().__init__()
        self.pane, self.readout = pane, readout
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(pane, 1)
        column.addWidget(readout)
        self.setFocusProxy(pane)
