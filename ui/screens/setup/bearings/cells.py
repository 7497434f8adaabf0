"""Which column of a file holds what, and the cells of one row: both for correcting what was understood."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from services.set_up.bearing_table import COLUMNS, REQUIRED, BearingImport, BearingRow
from ui.screens.setup.bearings.words import column_name
from ui.text import tr
from ui.widgets.fields import ChoiceField, LineField
from ui.widgets.panel import label

PER_LINE: Final = 4
LEAST_CHARS: Final = 6


class ColumnChoices(QWidget):
    """``told`` carries which column holds what: names with places, as far as a person has chosen them."""

    told = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.fields = {name: ChoiceField(_title(name)) for name in COLUMNS}
        for name, field in self.fields.items():
            field.key = name
            field.editor.setMinimumContentsLength(LEAST_CHARS)
            field.edited.connect(self._tell)
        _lay_out(self, list(self.fields.values()))

    def show_columns(self, found: BearingImport) -> None:
        """Show how the columns of a file were understood."""
        offered = [("", "\u2013"), *((str(at), _words(at, cell)) for at, cell in enumerate(found.header))]
        for name, field in self.fields.items():
            field.offer(offered)
            field.show_value(str(found.columns[name]) if name in found.columns else "")

    def _tell(self, name: str, value: str) -> None:
        """Tell all columns; one that was chosen here is no other field's any more."""
        chosen = {each: field.value() for each, field in self.fields.items()}
        columns = {
            each: int(place) for each, place in chosen.items() if place and (each == name or place != value)
        }
        self.told.emit(columns)


class RowCells(QWidget):
    """``corrected`` carries the number of the row, the column and its new text."""

    corrected = Signal(int, str, str)

    def __init__(self) -> None:
        super().__init__()
        self._row: BearingRow | None = None
        self.title = label("", strong=True)
        self.fields = {name: LineField(column_name(name)) for name in COLUMNS}
        for name, field in self.fields.items():
            field.key = name
            field.left.connect(self._leave)
        _lay_out(self, list(self.fields.values()), self.title)

    @property
    def number(self) -> int:
        """The row of the file that is shown, 0 for none."""
        return 0 if self._row is None else self._row.number

    def show_row(self, row: BearingRow | None) -> None:
        """Show the cells of a row, those of columns that the file has."""
        is_other = row is None or row.number != self.number
        self._row = row
        self.setVisible(row is not None)
        if row is None:
            return
        self.title.setText(tr("Bearings", "Row {number}", number=row.number))
        for name, field in self.fields.items():
            field.setEnabled(name in row.cells)
            if is_other or not field.has_focus:
                field.show_value(row.cells.get(name, ""))
        if is_other:
            self.fields["designation"].take_focus()

    def send(self) -> bool:
        """Tell what is typed and not told yet; return whether there was any."""
        waiting = [name for name in self.fields if self._is_other(name)]
        for name in waiting:
            self._leave(name)
        return bool(waiting)

    def _is_other(self, name: str) -> bool:
        row = self._row
        return row is not None and name in row.cells and self.fields[name].value() != row.cells[name]

    def _leave(self, name: str) -> None:
        if self._is_other(name):
            self.corrected.emit(self.number, name, self.fields[name].value())


def _title(name: str) -> str:
    words = column_name(name)
    return f"{words}  ({tr('Form', 'required')})" if name in REQUIRED else words


def _words(place: int, cell: str) -> str:
    return cell or tr("Bearings", "column {number}", number=place + 1)


def _lay_out(widget: QWidget, fields: Sequence[QWidget], title: QWidget | None = None) -> None:
    grid = QGridLayout(widget)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(4)
    if title is not None:
        grid.addWidget(title, 0, 0, 1, PER_LINE)
    for place, field in enumerate(fields):
        grid.addWidget(field, 1 + place // PER_LINE, place % PER_LINE)
