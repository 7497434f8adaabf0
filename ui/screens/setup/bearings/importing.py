"""A file of bearings before it is taken in: every row with its outcome; nothing is stored yet."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout

from services.set_up.bearing_table import BearingImport
from ui.screens.setup.bearings.cells import ColumnChoices, RowCells
from ui.screens.setup.bearings.table import preview_table
from ui.screens.setup.bearings.words import count_words, missing_words
from ui.text import error_words, tr
from ui.theme import CAPTION
from ui.widgets.fields import ChoiceField
from ui.widgets.form import HintLine, send_keys
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import Panel, label

SHEET_WIDTH = 320


class ImportPanel(Panel):
    """``taken`` asks to store what is new; ``cancelled`` puts the file away.

    ``columns_told`` carries places of columns by name, ``corrected`` a row's number, column and new text.
    """

    taken = Signal()
    sheet_chosen = Signal(str)
    columns_told = Signal(object)
    corrected = Signal(int, str, str)
    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__(tr("Bearings", "Import"))
        self.counts = label("", strong=True)
        self.warning = label(
            tr(
                "Bearings",
                "Nothing is stored yet. Taking in can be undone until a point runs in one of the bearings.",
            ),
            size=CAPTION,
            role="caption",
        )
        self.sheet = ChoiceField(tr("Bearings", "Sheet"))
        self.said = HintLine()
        self.columns, self.cells = ColumnChoices(), RowCells()
        self.tell = KeyButton(tr("Bearings", "Columns\u2026"))
        self.correct = KeyButton(tr("Bearings", "Correct row"), key="Enter")
        self.table = preview_table()
        self._found: BearingImport | None = None
        self.take = KeyButton("", key="Ctrl+Return", is_primary=True)
        self.cancel = KeyButton(tr("Bearings", "Cancel"), key="Esc")
        self._build()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.take)
        row.addWidget(self.cancel)
        row.addStretch(1)
        row.addWidget(self.correct)
        row.addWidget(self.tell)
        self.body.setSpacing(8)
        self.sheet.setMaximumWidth(SHEET_WIDTH)
        for each in (self.sheet, self.counts, self.warning, self.said, self.columns):
            self.body.addWidget(each)
        self.warning.setWordWrap(True)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self.cells)
        self.body.addLayout(row)
        self.columns.hide()
        self.cells.hide()
        self.take.clicked.connect(self._on_take)
        self.tell.clicked.connect(self._on_tell)
        self.correct.clicked.connect(self._on_correct)
        self.table.opened.connect(self._open_row)
        self.table.selection_changed.connect(self._allow)
        self.columns.told.connect(self._on_columns)
        self.cells.corrected.connect(self._on_corrected)
        self.cancel.clicked.connect(self.cancelled)
        self.sheet.edited.connect(self._on_sheet)
        for shortcut in send_keys(self):
            shortcut.activated.connect(self.take.click)

    def show_file(self, found: BearingImport) -> None:
        """Show what a file holds and what taking it in would do; wrong rows first."""
        before, self._found = self._found, found
        self.set_title(tr("Bearings", "Import"), found.path.name)
        self.sheet.offer([(each, each) for each in found.sheets])
        self.sheet.show_value(found.sheet)
        self.sheet.setVisible(len(found.sheets) > 1)
        self._say(missing_words(found))
        self.counts.setText(count_words(found))
        self.counts.setVisible(not found.missing)
        self.table.set_rows(sorted(found.rows, key=lambda row: (row.bearing is not None, row.number)))
        count = len(found.new)
        self.take.set_words(tr("Bearings", "Take in: {count}", count=count))
        self.take.setEnabled(count > 0)
        is_other = before is None or (before.path, before.sheet) != (found.path, found.sheet)
        self._show_beside(found, is_other=is_other)
        if is_other and not self.sheet.has_focus:
            (self.take if count else self.cancel).setFocus()
        self._allow()

    def _show_beside(self, found: BearingImport, *, is_other: bool) -> None:
        """Show the columns and the row that are being corrected; of another sheet only what must be told."""
        self.columns.show_columns(found)
        if is_other or found.missing:
            self.columns.setVisible(bool(found.missing))
        number = 0 if is_other else self.cells.number
        self.cells.show_row(next((row for row in found.rows if row.number == number), None))

    def show_unread(self, error: BaseException) -> None:
        """Say why the chosen sheet cannot be read; another one can be chosen."""
        self._show_nothing()
        self._say(error_words(error))

    def put_away(self) -> None:
        """Forget the file: the next one begins anew."""
        self._found = None

    def _show_nothing(self) -> None:
        self._found = None
        self.counts.hide()
        self.columns.hide()
        self.cells.show_row(None)
        self.table.set_rows(())
        self.take.set_words(tr("Bearings", "Take in: {count}", count=0))
        self.take.setEnabled(False)
        self._say("")

    def _say(self, words: str) -> None:
        self.said.say(words, is_marked=bool(words))
        self.said.setVisible(bool(words))

    def _on_sheet(self) -> None:
        """Show the sheet before no longer: it would be taken in under the name of this one."""
        self._show_nothing()
        self.counts.setText(tr("Bearings", "Reading\u2026"))
        self.counts.show()
        self.sheet_chosen.emit(self.sheet.value())

    def _on_take(self) -> None:
        """What is typed and not told yet counts first: its row is judged before anything is stored."""
        if not self.cells.send():
            self.taken.emit()

    def _on_tell(self) -> None:
        self.columns.setVisible(not self.columns.isVisible())
        self.cells.show_row(None)

    def _on_columns(self, columns: object) -> None:
        self.take.setEnabled(False)
        self.columns_told.emit(columns)

    def _on_corrected(self, number: int, name: str, text: str) -> None:
        self.take.setEnabled(False)
        self.corrected.emit(number, name, text)

    def _on_correct(self) -> None:
        chosen = self.table.selected()
        if chosen:
            self._open_row(chosen[0])

    def _open_row(self, number: object) -> None:
        rows = () if self._found is None else self._found.rows
        self.columns.hide()
        self.cells.show_row(next((row for row in rows if row.number == number), None))

    def _allow(self) -> None:
        self.correct.setEnabled(len(self.table.selected()) == 1)

    def take_failure(self, error: BaseException) -> None:
        """Say why nothing was stored."""
        self.take.setEnabled(True)
        self._say(error_words(error))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
            return
        super().keyPressEvent(event)
