"""A button for acts that need care: it acts after it was held down for a second, by mouse, Space or Enter."""

from PySide6.QtCore import QElapsedTimer, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFocusEvent, QHideEvent, QKeyEvent, QPainter, QPaintEvent

from ui.text import tr
from ui.widgets import drawing
from ui.widgets.key_button import KeyButton

HOLD_MS = 1000
_TICK_MS = 40


class HoldButton(KeyButton):
    """Fills from the left while it is held; ``held`` fires when full, letting go before does nothing."""

    held = Signal()

    def __init__(self, words: str) -> None:
        super().__init__(words, key=tr("Hold", "hold 1 s"))
        self._since = QElapsedTimer()
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._look)
        self.pressed.connect(self._begin)
        self.released.connect(self._let_go)

    def _begin(self) -> None:
        self._since.start()
        self._tick.start()

    def _let_go(self) -> None:
        self._tick.stop()
        self.update()

    def _look(self) -> None:
        self.update()
        if self._since.elapsed() >= HOLD_MS:
            self._let_go()
            self.setDown(False)
            self.held.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            if not event.isAutoRepeat() and not self._tick.isActive():
                self.setDown(True)
                self._begin()
            return
        super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            if not event.isAutoRepeat():
                self.setDown(False)
                self._let_go()
            return
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.setDown(False)
        self._let_go()
        super().focusOutEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._let_go()
        super().hideEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._tick.isActive():
            tokens = self._theme.tokens
            share = min(1.0, self._since.elapsed() / HOLD_MS)
            area = drawing.rect_f(self.rect())
            painter = QPainter(self)
            filled = QRectF(2, area.height() - 5, (area.width() - 4) * share, 3)
            painter.fillRect(filled, QColor(tokens.accent))
            painter.end()
