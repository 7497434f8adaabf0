"""Asking for a file or folder without holding up the window: alarms stay in view and in reach."""

from collections.abc import Callable
from enum import Enum
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget


class Wanted(Enum):
    """What a sheet asks for."""

    FOLDER = "folder"
    OPEN = "open"
    SAVE = "save"


def ask_file(
    host: QWidget, title: str, *, wanted: Wanted, start: Path, kinds: str = "", chosen: Callable[[str], None]
) -> QFileDialog:
    """Open a sheet; ``chosen`` gets the path. ``kinds`` is a filter of Qt, such as "Set-up (*.json)"."""
    sheet = QFileDialog(host, title, str(start), kinds)
    if wanted is Wanted.FOLDER:
        sheet.setFileMode(QFileDialog.FileMode.Directory)
        sheet.setOption(QFileDialog.Option.ShowDirsOnly)
    elif wanted is Wanted.OPEN:
        sheet.setFileMode(QFileDialog.FileMode.ExistingFile)
    else:
        sheet.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        sheet.setDefaultSuffix(start.suffix.removeprefix("."))
    sheet.setWindowModality(Qt.WindowModality.NonModal)
    sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    sheet.fileSelected.connect(chosen)
    sheet.show()  # open() would make it modal to the window
    return sheet
