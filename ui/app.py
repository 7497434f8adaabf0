"""The application: made once, with a net under every slot and thread, and an ordered end.

Only QtWidgets is imported here and above; screens bring pyqtgraph when they are first shown.
"""

import gc
import logging
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType

from PySide6.QtCore import (
    QLibraryInfo,
    QLocale,
    QMessageLogContext,
    QObject,
    Qt,
    QTimer,
    QtMsgType,
    QTranslator,
    Signal,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication

from domain.instants import Clock
from ui.bridge import EventBridge, EventSource
from ui.context import ScreenFactory
from ui.main_window import MainWindow
from ui.refresh import RefreshClock
from ui.search import SearchProvider
from ui.shell_state import ShellSource
from ui.tasks import Tasks
from ui.text import tr
from ui.theme import DAY, NIGHT, Theme

log = logging.getLogger(__name__)

SMALLEST_SCALE, LARGEST_SCALE = 90, 150
YOUNG_GARBAGE_MS, ALL_GARBAGE_EVERY = 1000, 60
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def create_application(
    arguments: Sequence[str], *, theme: str = "day", scale_percent: int = 100, language: str = ""
) -> QApplication:
    """Make the application; theme is "day" or "night", scale 90-150 %, an empty language the system's."""
    scale = min(LARGEST_SCALE, max(SMALLEST_SCALE, scale_percent))
    if scale != 100:
        os.environ["QT_SCALE_FACTOR"] = f"{scale / 100:.2f}"
    application = QApplication(list(arguments))
    application.setApplicationName("Jidoka")
    application.setApplicationDisplayName("Jidoka")
    _set_locale(application, language)
    Theme(application, NIGHT if theme == "night" else DAY)
    return application


def _set_locale(application: QApplication, language: str) -> None:
    locale = QLocale(language) if language else QLocale.system()
    if locale.language() == QLocale.Language.C:
        locale = QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom)
    QLocale.setDefault(locale)
    translator = QTranslator(application)
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    if translator.load(locale, "qtbase", "_", folder):
        application.installTranslator(translator)


class ErrorNet(QObject):
    """The last resort: what nobody caught is logged and said calmly; the program goes on."""

    caught = Signal(str, str)
    """Words for the operator and details for the log, in the main thread."""

    def install(self) -> None:
        """Catch uncaught errors of slots and threads, and Qt's own messages."""
        sys.excepthook = self._on_error
        threading.excepthook = self._on_thread_error
        qInstallMessageHandler(self._on_qt_message)

    def uninstall(self) -> None:
        """Put Python's own hooks back."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        qInstallMessageHandler(None)

    def _on_error(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        log.error("uncaught error", exc_info=(kind, error, trace))
        words = tr("Errors", "Something went wrong inside the program. Values and alarms go on.")
        self.caught.emit(words, f"{kind.__name__}: {error}")

    def _on_thread_error(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            self._on_error(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    def _on_qt_message(self, level: QtMsgType, context: QMessageLogContext, words: str) -> None:
        log.log(_LEVELS.get(level, logging.WARNING), "Qt: %s", words)


class Housekeeping(QObject):
    """Collects garbage in the main thread only: a collection elsewhere could delete a widget there."""

    def __init__(self, *, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rounds = 0
        self._timer = QTimer(self)
        self._timer.setInterval(YOUNG_GARBAGE_MS)
        self._timer.timeout.connect(self._collect)

    def start(self) -> None:
        """Take automatic collection over; what lives now is taken to live for ever."""
        gc.collect()
        gc.freeze()
        gc.disable()
        self._timer.start()

    def stop(self) -> None:
        """Give automatic collection back."""
        self._timer.stop()
        gc.enable()
        gc.unfreeze()

    def _collect(self) -> None:
        self._rounds += 1
        gc.collect(2 if self._rounds % ALL_GARBAGE_EVERY == 0 else 1)


class ControlRoom(QObject):
    """The running screens: window, drawing clock, database lane, events. Close it before the services."""

    closed = Signal()

    def __init__(self, application: QApplication, *, clock: Clock) -> None:
        super().__init__(application)
        self.net = ErrorNet(self)
        self.net.caught.connect(self._say_error, Qt.ConnectionType.QueuedConnection)
        self.net.install()
        self.tasks = Tasks(parent=self)
        self.refresh = RefreshClock(clock, parent=self)
        self.events = EventBridge(parent=self)
        self._housekeeping = Housekeeping(parent=self)
        self._is_closed = False
        self.window = MainWindow(clock=clock, tasks=self.tasks, refresh=self.refresh, events=self.events)
        self.window.closing.connect(self.shut_down)

    def show(self, *, width: int = 0, height: int = 0) -> None:
        """Show the window, in full on its screen unless a size is given."""
        if width and height:
            self.window.resize(width, height)
            self.window.show()
        else:
            self.window.showMaximized()
        self.refresh.start()

    def attach(
        self,
        *,
        source: ShellSource,
        events: EventSource | None,
        zone: str,
        screens: Mapping[str, ScreenFactory],
        providers: Sequence[SearchProvider] = (),
        address: str = "overview",
    ) -> None:
        """Connect the window to running services and open an address."""
        if events is not None:
            self.events.listen_to(events)
        self.window.attach(source=source, zone=zone, screens=screens, providers=providers, address=address)
        self._housekeeping.start()

    def _say_error(self, words: str, details: str) -> None:
        if not self._is_closed:
            self.window.message_bar.show_message(words, details=details)

    def shut_down(self) -> None:
        """End in order: drawing, events, screens, which keep what is typed, the lane. Safe to call twice."""
        if self._is_closed:
            return
        self._is_closed = True
        self.refresh.stop()
        self.events.close()
        self.window.close()
        if not self.tasks.close():
            log.warning("the database lane did not end in time")
        self._housekeeping.stop()
        self.net.uninstall()
        self.closed.emit()
