"""The menu of a spectrum: every tool by mouse that also has a key."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from ui.text import tr
from ui.widgets.plot_pane import PlotPane

_TOOLS = (
    ("Harmonics of the cursor", "H", Qt.Key.Key_H, False),
    ("More harmonics", "Shift+H", Qt.Key.Key_H, True),
    ("Sidebands of the cursor", "S", Qt.Key.Key_S, False),
    ("More sidebands", "Shift+S", Qt.Key.Key_S, True),
    ("Fault frequencies", "M", Qt.Key.Key_M, False),
    ("Peak labels", "P", Qt.Key.Key_P, False),
    ("Baseline", "B", Qt.Key.Key_B, False),
    ("Hz, CPM, orders", "O", Qt.Key.Key_O, False),
    ("Logarithmic, linear, decibel", "L", Qt.Key.Key_L, False),
)


class SpectrumMenu(QMenu):
    """Asks the pane for the same tools that its keys ask for."""

    def __init__(self, pane: PlotPane) -> None:
        super().__init__(pane)
        self._pane = pane
        self.setObjectName("menu")
        self.setAccessibleName(tr("Spectrum", "Tools"))
        for place, (words, keys, _, _) in enumerate(_TOOLS):
            action = QAction(f"{tr('Spectrum', words)}\t{keys}", self)
            action.setData(place)
            self.addAction(action)
        self.triggered.connect(self._ask)
        pane.customContextMenuRequested.connect(self._open)

    def _open(self, at: QPoint) -> None:
        self.popup(self._pane.mapToGlobal(at))

    def _ask(self, action: QAction) -> None:
        _, _, key, shift = _TOOLS[int(action.data())]
        self._pane.key_asked.emit(int(key), shift)
