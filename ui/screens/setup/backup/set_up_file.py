"""The whole set-up as one file: out of a plant, into an empty one, every complaint in a table first."""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from services.plant_file import FileReading
from ui.text import error_words, tr, tr_n
from ui.widgets.data_table import ROW_COMPACT, DataTable
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import Panel, label
from ui.widgets.table_model import Column


@dataclass(frozen=True, slots=True)
class Complaint:
    """One row of a file that is wrong."""

    number: int
    words: str


class SetUpFilePanel(Panel):
    """``import_asked`` fires for the file that was read without a complaint."""

    export_asked = Signal()
    file_asked = Signal()
    import_asked = Signal(object)

    def __init__(self, undo_bar: QWidget, *, refusal: str) -> None:
        super().__init__(tr("SetUpFile", "Set-up file"))
        self._undo_bar = undo_bar
        self._refusal = refusal
        self._path: Path | None = None
        self._can_import, self._is_empty = False, False
        self._has_told = False
        """Whether the outcome of an act stands there, which a hint never covers."""
        self.export = KeyButton(tr("SetUpFile", "Export\u2026"), icon="export")
        self.choose = KeyButton(tr("SetUpFile", "Import\u2026"))
        self.take = KeyButton(tr("SetUpFile", "Import now"), is_primary=True)
        self.said = label("")
        self.said.setWordWrap(True)
        self.said.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.complaints = _table()
        self._build()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        for each in (self.export, self.choose):
            row.addWidget(each)
        row.addStretch(1)
        row.addWidget(self.take)
        self.body.setSpacing(8)
        self.body.addLayout(row)
        self.body.addWidget(self.said)
        self.body.addWidget(self.complaints, 1)
        self.body.addWidget(self._undo_bar)
        self.complaints.hide()
        self.export.clicked.connect(self.export_asked)
        self.choose.clicked.connect(self.file_asked)
        self.take.clicked.connect(self._take)
        self.set_plant_empty(False)

    def set_plant_empty(self, is_empty: bool) -> None:
        """A file is imported into an empty plant only; it may be checked against any."""
        self._is_empty = is_empty
        if not self._has_told:
            self.said.setText(self._hint())
        self._allow()

    def _hint(self) -> str:
        if self._is_empty:
            return tr("SetUpFile", "Nothing is set up here: a file may be imported, all of it or nothing.")
        return tr(
            "SetUpFile",
            "Machines, points, tags, links, limits and bearings as readable text, without secrets. "
            "Import checks a file; it is taken into an empty plant only.",
        )

    def say(self, words: str) -> None:
        """Say how an act went; it stays until the next one, or until there is nothing to say any more."""
        self._has_told = bool(words)
        self.said.setText(words or self._hint())

    def show_reading(self, path: Path, reading: FileReading) -> None:
        """Show the dry run of a file: what it holds, or every complaint."""
        self._path = path
        self._can_import = not reading.problems
        self.complaints.set_rows(
            [Complaint(number, error_words(each)) for number, each in enumerate(reading.problems, start=1)]
        )
        self.complaints.setVisible(bool(reading.problems))
        self.say(self._reading_words(path, reading))
        self._allow()

    def show_unread(self, words: str) -> None:
        """Say why a file cannot be read; what was shown of another one is shown no more."""
        self._path, self._can_import = None, False
        self.complaints.hide()
        self.say(words)
        self._allow()

    def _reading_words(self, path: Path, reading: FileReading) -> str:
        if reading.problems:
            return tr_n(
                "SetUpFile",
                "{name}: {count} complaint, nothing was imported.",
                "{name}: {count} complaints, nothing was imported.",
                count=len(reading.problems),
                name=path.name,
            )
        counts = tr(
            "SetUpFile",
            "{name} is well: {assets} assets, {tags} tags, {rules} limits, {bearings} bearings.",
            name=path.name,
            assets=reading.assets,
            tags=reading.tags,
            rules=reading.rules,
            bearings=reading.bearings,
        )
        if self._is_empty and reading.stored_already:
            known = tr(
                "SetUpFile",
                "History holds values for {count} of its tags: import only the set-up that recorded them.",
                count=reading.stored_already,
            )
            return f"{counts} {known}"
        if self._is_empty:
            return counts
        full = tr("SetUpFile", "A plant is set up here already, so nothing is imported.")
        return f"{counts} {full}"

    def show_imported(self, reading: FileReading) -> None:
        """Say that a file was taken."""
        self._path, self._can_import = None, False
        self.say(
            tr(
                "SetUpFile",
                "Imported: {assets} assets, {tags} tags, {rules} limits, {bearings} bearings.",
                assets=reading.assets,
                tags=reading.tags,
                rules=reading.rules,
                bearings=reading.bearings,
            )
        )
        self._allow()

    def _take(self) -> None:
        if self._path is not None:
            self.import_asked.emit(self._path)

    def _allow(self) -> None:
        for each in (self.export, self.choose, self.take):
            each.setEnabled(not self._refusal)
            each.setToolTip(self._refusal)
        self.take.setVisible(self._can_import and self._is_empty)


def _table() -> DataTable:
    columns = (
        Column("number", tr("SetUpFile", "No."), _number, width=44, align_right=True),
        Column("words", tr("SetUpFile", "Complaint"), _words, tip=_words, is_hideable=False),
    )
    name = tr("SetUpFile", "Complaints about the file")
    return DataTable(columns, name=name, identity=_number, row_height=ROW_COMPACT, is_on_panel=True)


def _number(row: Complaint) -> Hashable:
    return str(row.number)


def _words(row: Complaint) -> str:
    return row.words
