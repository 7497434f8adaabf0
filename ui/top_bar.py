"""The top bar: where one is, alarm counts, search, whether data arrive, who works here, the plant's clock."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QSizePolicy, QWidget

from domain.condition.alarms import Priority
from ui import text
from ui.formatting import PlantTime, age
from ui.icons import draw_icon
from ui.shell_state import Count, LinkSummary, ShellState
from ui.text import tr
from ui.theme import BAR_VALUE, BODY, CAPTION, REGULAR, SEMIBOLD, application_theme, font
from ui.widgets import drawing
from ui.widgets.key_button import CounterChip, KeyButton

HEIGHT = 52
SEARCH_WIDE, SEARCH_NARROW = 232, 180


class Breadcrumb(QWidget):
    """Steps that lead here; all but the last can be clicked."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._theme = application_theme()
        self._steps: tuple[tuple[str, str], ...] = ()
        self._places: list[tuple[float, float, str]] = []
        self.setAccessibleName(tr("TopBar", "Where you are"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)

    def show_steps(self, steps: Sequence[tuple[str, str]]) -> None:
        """Show (words, address) pairs."""
        self._steps = tuple(steps)
        self.setAccessibleDescription(" > ".join(words for words, _ in self._steps))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        self._places = []
        left, height = 0.0, float(self.height())
        for place, (words, address) in enumerate(self._steps):
            is_last = place == len(self._steps) - 1
            face = font(BODY, SEMIBOLD if is_last else REGULAR)
            if place:
                draw_icon(
                    painter, "chevron-right", x=left + 3, y=height / 2 - 7, size=14, colour=tokens.text_3
                )
                left += 20
            room = max(0.0, self.width() - left)
            width = min(drawing.width_of(words, face) + 1, room)
            ink = tokens.text_1 if is_last else tokens.text_2
            drawing.text(painter, QRectF(left, 0, width, height), words, face=face, colour=ink)
            self._places.append((left, left + width, "" if is_last else address))
            left += width
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for left, right, address in self._places:
            if address and left <= event.position().x() <= right:
                self.chosen.emit(address)


class TwoLines(QWidget):
    """Two short lines, one strong."""

    def __init__(self, name: str, *, is_right: bool = False, strong_size: int = CAPTION) -> None:
        super().__init__()
        self._theme = application_theme()
        self._first = self._second = ""
        self._align = drawing.RIGHT if is_right else drawing.LEFT
        self._strong = font(strong_size, SEMIBOLD)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Expanding)

    def show_lines(self, first: str, second: str) -> None:
        """Show the strong line and the weak one under it."""
        if (first, second) == (self._first, self._second):
            return
        wider = len(first) != len(self._first) or len(second) != len(self._second)
        self._first, self._second = first, second
        self.setAccessibleDescription(f"{first}, {second}")
        if wider:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        wanted = max(
            drawing.width_of(self._first, self._strong), drawing.width_of(self._second, font(CAPTION))
        )
        return QSize(round(wanted) + 4, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        middle = self.height() / 2
        width = float(self.width())
        upper = QRectF(0, middle - self._strong.pixelSize() - 2, width, self._strong.pixelSize() + 3)
        drawing.text(painter, upper, self._first, face=self._strong, colour=tokens.text_1, align=self._align)
        lower = QRectF(0, middle + 1, width, 16)
        drawing.text(
            painter, lower, self._second, face=font(CAPTION), colour=tokens.text_2, align=self._align
        )
        painter.end()


class TopBar(QWidget):
    """52 pixels on every screen."""

    address_chosen = Signal(str)
    alarms_asked = Signal()

    def __init__(self, search: QLineEdit) -> None:
        super().__init__()
        self._theme = application_theme()
        self._state = ShellState()
        self.setFixedHeight(HEIGHT)
        self._crumb = Breadcrumb()
        self._crumb.chosen.connect(self.address_chosen)
        self._chips = {priority: CounterChip(priority) for priority in Priority}
        self._search = search
        self._links = TwoLines(tr("TopBar", "Data"))
        self._user = TwoLines(tr("TopBar", "User"))
        self._clock = TwoLines(tr("TopBar", "Plant time"), is_right=True, strong_size=BAR_VALUE)
        self._menu_button = KeyButton("", icon="menu", is_flat=True, name=tr("TopBar", "Links and user"))
        self._menu_button.clicked.connect(self._open_menu)
        self._lay_out()
        self.set_narrow(False)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(8)
        row.addWidget(self._crumb, 1)
        for chip in self._chips.values():
            chip.clicked.connect(self.alarms_asked)
            row.addWidget(chip)
        row.addSpacing(8)
        row.addWidget(self._search)
        row.addSpacing(8)
        row.addWidget(self._links)
        row.addSpacing(12)
        row.addWidget(self._user)
        row.addWidget(self._menu_button)
        row.addSpacing(12)
        row.addWidget(self._clock)

    def set_narrow(self, narrow: bool) -> None:
        """Put link state and user into a menu, shrink the search."""
        self._links.setVisible(not narrow)
        self._user.setVisible(not narrow)
        self._menu_button.setVisible(narrow)
        self._search.setFixedWidth(SEARCH_NARROW if narrow else SEARCH_WIDE)

    def show_state(self, state: ShellState) -> None:
        """Show counts, links and user."""
        self._state = state
        for priority, chip in self._chips.items():
            count = state.counts.get(priority, Count())
            if state.is_alarm_list_known:
                chip.show_counts(count.total, count.unacknowledged)
            else:
                chip.show_unknown()
        self._links.show_lines(*link_words(state.links))
        self._links.setToolTip("\n".join(_connection_words(state)))
        self._user.show_lines(state.user, state.role)
        self._menu_button.set_icon("menu" if state.links.is_whole else "link-lost")

    def show_steps(self, steps: Sequence[tuple[str, str]]) -> None:
        """Show where one is."""
        self._crumb.show_steps(steps)

    def show_time(self, now_us: int, clock: PlantTime) -> None:
        """Show the plant's time."""
        self._clock.show_lines(clock.clock(now_us), clock.day(now_us))

    def _open_menu(self) -> None:
        menu = QMenu(self)
        menu.setObjectName("menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        lines = [" ".join(link_words(self._state.links)), *_connection_words(self._state)]
        for words in (*lines, f"{self._state.user}  {self._state.role}".strip()):
            menu.addAction(words).setEnabled(False)
        menu.popup(self._menu_button.mapToGlobal(QPoint(0, self._menu_button.height())))

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.panel))
        painter.fillRect(QRectF(0, self.height() - 1, self.width(), 1), QColor(tokens.line))
        painter.end()


def link_words(links: LinkSummary) -> tuple[str, str]:
    """Return "Data live" and "3 of 3 links"."""
    if not links.is_collecting:
        return tr("TopBar", "No data"), tr("TopBar", "collection is stopped")
    if not links.total:
        return tr("TopBar", "No data"), tr("TopBar", "no device is set up")
    counted = tr("TopBar", "{live} of {total} links", live=links.live, total=links.total)
    return tr("TopBar", "Data live") if links.is_whole else tr("TopBar", "Data missing"), counted


def _connection_words(state: ShellState) -> list[str]:
    lines = []
    for each in state.connections:
        words = f"{each.name}: {text.connection_state(each.state)}"
        if each.last_value_age_s is not None:
            words += ", " + tr("TopBar", "last value {age} ago", age=age(each.last_value_age_s))
        lines.append(words)
    return lines
