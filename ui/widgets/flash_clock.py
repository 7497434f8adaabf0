"""One clock for everything that flashes: in phase, at most 1 Hz, still when nothing asks for it."""

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

HALF_PERIOD_MS = 500


class FlashClock(QObject):
    """Counts half seconds; ``is_fast_on`` alternates at 1 Hz and ``is_slow_on`` at 0.5 Hz.

    With ``reduce_motion`` nothing moves: widgets draw a thick outline instead.
    """

    ticked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._count = 0
        self.reduce_motion = False
        self._timer = QTimer(self)
        self._timer.setInterval(HALF_PERIOD_MS)
        self._timer.timeout.connect(self.advance)
        self._timer.start()

    @property
    def is_fast_on(self) -> bool:
        return self.reduce_motion or self._count % 2 == 0

    @property
    def is_slow_on(self) -> bool:
        return self.reduce_motion or self._count // 2 % 2 == 0

    def advance(self) -> None:
        """Go on by half a second."""
        self._count += 1
        if not self.reduce_motion:
            self.ticked.emit()


def application_flash_clock() -> FlashClock:
    """Return the flash clock that belongs to the running application."""
    application = QApplication.instance()
    if application is None:
        raise RuntimeError("a flash clock needs a running application")
    found = application.findChild(FlashClock)
    return found if found is not None else FlashClock(application)
