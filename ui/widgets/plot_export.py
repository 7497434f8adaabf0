"""Taking plots away: a picture at twice the size with its heading, tables that no spreadsheet misreads."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, QStandardPaths, Qt, Signal
from PySide6.QtGui import QAction, QColor, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from ui.tasks import Lane
from ui.text import tip, tr
from ui.theme import CAPTION, NAME, SEMIBOLD, application_theme, font
from ui.widgets import drawing

SCALE = 2
HEADING = 52
MARGIN = 12
RISKY = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins so for a formula."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What a picture or a table says about itself: what it shows, and when, in what unit and settings."""

    title: str
    details: str


def render_picture(widget: QWidget, heading: Heading) -> QImage:
    """Return a widget at twice its size under its heading."""
    tokens = application_theme().tokens
    width, height = widget.width() + 2 * MARGIN, widget.height() + HEADING + MARGIN
    image = QImage(width * SCALE, height * SCALE, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(SCALE)
    image.fill(QColor(tokens.panel))
    painter = QPainter(image)
    room = width - 2 * MARGIN
    box = drawing.rect_f(widget.rect())
    box.setRect(MARGIN, 8, room, 20)
    drawing.text(painter, box, heading.title, face=font(NAME, SEMIBOLD), colour=tokens.text_1)
    box.setRect(MARGIN, 28, room, 18)
    drawing.text(painter, box, heading.details, face=font(CAPTION), colour=tokens.text_2)
    widget.render(painter, QPoint(MARGIN, HEADING))
    painter.end()
    return image


def safe_cell(value: object) -> object:
    """Return a cell that a spreadsheet shows as it is; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(RISKY):
        return "'" + value
    return value


def write_table(
    path: Path, *, notes: Sequence[str], header: Sequence[str], rows: Iterable[Sequence[object]]
) -> int:
    """Write comma-separated UTF-8 with notes on top; return the rows written. OSError as the disk says."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for note in notes:
            writer.writerow([safe_cell(f"# {note}")])
        writer.writerow([safe_cell(name) for name in header])
        for row in rows:
            writer.writerow([safe_cell(value) for value in row])
            count += 1
    return count


def file_name(*parts: str) -> str:
    """Return a file name of plain characters."""
    words = "-".join(part for part in parts if part)
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in words).lower()


@dataclass(frozen=True, slots=True)
class Export:
    """One way out: words of the menu, ending of the file, and who writes it.

    ``write`` runs in the database lane and must not touch a widget; ``prepare`` runs before it in the main
    thread and returns what ``write`` needs.
    """

    words: str
    ending: str
    prepare: Callable[[], object]
    write: Callable[[Path, object], object]


class Exporter(QObject):
    """The menu of Ctrl+E and the sheet that asks where to; ``saved`` and the button's tip tell the path."""

    saved = Signal(str)
    failed = Signal(object)

    def __init__(
        self,
        host: QWidget,
        tasks: Lane,
        exports: Sequence[Export],
        *,
        name: Callable[[], str],
        picture: Callable[[], QImage],
        button: QWidget,
    ) -> None:
        """``name`` is what a file is called before its ending, ``picture`` what *Copy picture* copies."""
        super().__init__(host)
        self._host, self._tasks, self._exports = host, tasks, exports
        self._name, self._picture, self._button = name, picture, button

    def offer(self) -> None:
        """Open the menu below the button."""
        menu = QMenu(self._host)
        menu.setObjectName("menu")
        menu.setAccessibleName(tr("Export", "Export"))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for place, export in enumerate(self._exports):
            action = QAction(export.words, menu)
            action.setData(place)
            menu.addAction(action)
        clipboard = QAction(tr("Export", "Copy picture"), menu)
        clipboard.setData(-1)
        menu.addAction(clipboard)
        menu.triggered.connect(self._take)
        menu.popup(self._button.mapToGlobal(QPoint(0, self._button.height())))

    def _take(self, action: QAction) -> None:
        place = int(action.data())
        if place < 0:
            QGuiApplication.clipboard().setImage(self._picture())
            return
        self._ask(self._exports[place])

    def _ask(self, export: Export) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        sheet = QFileDialog(self._host, export.words, str(Path(folder) / f"{self._name()}.{export.ending}"))
        sheet.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        sheet.setDefaultSuffix(export.ending)
        sheet.setWindowModality(Qt.WindowModality.NonModal)
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sheet.setProperty("export", self._exports.index(export))
        sheet.fileSelected.connect(self._on_selected)
        sheet.show()  # open() would make it modal to the window

    def _on_selected(self, path: str) -> None:
        sender = self.sender()
        if sender is not None:
            self.export_to(Path(path), self._exports[int(sender.property("export"))])

    def export_to(self, path: Path, export: Export) -> None:
        """Write a file off the main thread and tell how it went."""
        prepared = export.prepare()
        self._tasks.run(
            lambda: export.write(path, prepared),
            done=lambda _: self._tell_saved(str(path)),
            failed=self._on_failed,
        )

    def _tell_saved(self, path: str) -> None:
        self._button.setToolTip(tip(tr("Export", "Saved to {path}", path=path)))
        self.saved.emit(path)

    def _on_failed(self, error: BaseException) -> None:
        self.failed.emit(error)


def save_picture(path: Path, image: object) -> object:
    """Write a prepared image; OSError when the place does not take it."""
    if not isinstance(image, QImage) or not image.save(str(path)):
        raise OSError(f"the picture could not be written to {path}")
    return path
