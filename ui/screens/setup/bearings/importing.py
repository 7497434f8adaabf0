"""A file of bearings before it is taken in: every row with its outcome; nothing is stored yet."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout

from services.set_up.bearing_catalogue import BearingImport
from ui.screens.setup.bearings.table import preview_table
from ui.screens.setup.bearings.words import count_words
from ui.text import error_words, tr
from ui.theme import CAPTION
from ui.widgets.fields import ChoiceField
from ui.widgets.form import HintLine, send_keys
from ui.widgets.key_button import KeyButton
from ui.widgets.panel import Panel, label

SHEET_WIDTH = 320


class ImportPanel(Panel):
    """``taken`` asks to store what is new; ``cancelled`` puts the file away."""

    taken = Signal()
    sheet_chosen = Signal(str)
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
        self.table = preview_table()
        self.take = KeyButton("", key="Ctrl+Return", is_primary=True)
        self.cancel = KeyButton(tr("Bearings", "Cancel"), key="Esc")
        self._build()

    def _build(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.take)
        row.addWidget(self.cancel)
        row.addStretch(1)
        self.body.setSpacing(8)
        self.sheet.setMaximumWidth(SHEET_WIDTH)
        for each in (self.sheet, self.counts, self.warning, self.said):
            self.body.addWidget(each)
        self.warning.setWordWrap(True)
        self.body.addWidget(self.table, 1)
        self.body.addLayout(row)
        self.take.clicked.connect(self.taken)
        self.cancel.clicked.connect(self.cancelled)
        self.sheet.edited.connect(self._on_sheet)
        for shortcut in send_keys(self):
            shortcut.activated.connect(self.take.click)

    def show_file(self, found: BearingImport) -> None:
        """Show what a file holds and what taking it in would do; wrong rows first."""
        self.set_title(tr("Bearings", "Import"), found.path.name)
        self.sheet.offer([(each, each) for each in found.sheets])
        self.sheet.show_value(found.sheet)
        self.sheet.setVisible(len(found.sheets) > 1)
        self._say("")
        self.counts.setText(count_words(found))
        self.counts.show()
        self.table.set_rows(sorted(found.rows, key=lambda row: (row.bearing is not None, row.number)))
        count = len(found.new)
        self.take.set_words(tr("Bearings", "Take in: {count}", count=count))
        self.take.setEnabled(count > 0)
        if not self.sheet.has_focus:
            (self.take if count else self.cancel).setFocus()

    def show_unread(self, error: BaseException) -> None:
        """Say why the chosen sheet cannot be read; another one can be chosen."""
        self._show_nothing()
        self._say(error_words(error))

    def _show_nothing(self) -> None:
        self.counts.hide()
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

    def take_failure(self, error: BaseException) -> None:
        """Say why nothing was stored."""
        self.take.setEnabled(True)
        self._say(error_words(error))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
            return
        super().keyPressEvent(event)
