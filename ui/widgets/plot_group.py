"""Plots of one workspace: they share x range, zoom and cursors; each keeps its own y axis and unit."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from ui.widgets.plot_pane import PlotPane


class PlotGroup(QObject):
    """Keeps panes together. A pane that leaves the group is simply left out of the next ``set_panes``."""

    cursor_passed = Signal(str)
    """A cursor has moved and stands in every pane."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._panes: list[PlotPane] = []
        self._is_passing_on = False

    def set_panes(self, panes: Sequence[PlotPane]) -> None:
        """Share range and cursors among exactly these panes; the first one gives the range."""
        for pane in self._panes:
            pane.range_changed.disconnect(self._on_range)
            pane.cursor_moved.disconnect(self._on_cursor)
        self._panes = list(panes)
        for pane in self._panes:
            pane.range_changed.connect(self._on_range)
            pane.cursor_moved.connect(self._on_cursor)
        if self._panes:
            self._pass_range(self._panes[0])
            for name in ("A", "B"):
                for pane in self._panes[1:]:
                    pane.set_cursor(name, self._panes[0].cursor(name), quietly=True)

    def _on_range(self) -> None:
        sender = self.sender()
        if isinstance(sender, PlotPane) and not self._is_passing_on:
            self._pass_range(sender)

    def _pass_range(self, source: PlotPane) -> None:
        now = source.ranges
        self._is_passing_on = True
        try:
            for pane in self._panes:
                if pane is not source and (pane.ranges.x_low, pane.ranges.x_high) != (now.x_low, now.x_high):
                    pane.set_ranges(x=(now.x_low, now.x_high))
        finally:
            self._is_passing_on = False

    def _on_cursor(self, name: str) -> None:
        sender = self.sender()
        if not isinstance(sender, PlotPane):
            return
        for pane in self._panes:
            if pane is not sender:
                pane.set_cursor(name, sender.cursor(name), quietly=True)
        self.cursor_passed.emit(name)
