"""Day and night: colour tokens, palette, type, and the one object that switches them.

Widgets read ``application_theme().tokens`` while they paint, never a literal colour. Qt repaints every widget
when the palette changes, so a painted widget needs nothing else; plots and caches listen to ``changed``.
"""

from dataclasses import dataclass
from string import Template
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

import resources
from domain.condition.alarms import Priority


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one theme as #RRGGBB; meanings in the HMI guide, section 4."""

    name: str
    window: str
    panel: str
    field: str
    raised: str
    plot: str
    line: str
    line_strong: str
    text_1: str
    text_2: str
    text_3: str
    live: str
    accent: str
    on_accent: str
    selection: str
    band: str
    band_strong: str
    run: str
    stop: str
    priority_fills: tuple[str, str, str, str]
    priority_inks: tuple[str, str, str, str]
    pens: tuple[str, str, str, str, str, str]

    def fill(self, priority: Priority) -> str:
        """Return the fill of a priority symbol."""
        return self.priority_fills[priority - 1]

    def ink(self, priority: Priority) -> str:
        """Return the colour of the digit on a priority fill."""
        return self.priority_inks[priority - 1]

    def pen(self, index: int) -> str:
        """Return the colour of curve ``index`` (0 is pen 1); from the seventh on colours repeat, dashed."""
        return self.pens[index % len(self.pens)]


DAY: Final = Tokens(
    name="day",
    window="#D5D8DB",
    panel="#E3E5E7",
    field="#F1F2F3",
    raised="#DCDFE2",
    plot="#F7F8F8",
    line="#B4B9BF",
    line_strong="#6F767E",
    text_1="#1B1F23",
    text_2="#454B52",
    text_3="#545B63",
    live="#0F3B6E",
    accent="#2F4858",
    on_accent="#FFFFFF",
    selection="#BFD3EA",
    band="#C3CCD4",
    band_strong="#A9B6C2",
    run="#F1F2F3",
    stop="#868D95",
    priority_fills=("#B3001B", "#EB6D00", "#FFEE58", "#A64AC9"),
    priority_inks=("#FFFFFF", "#101214", "#101214", "#FFFFFF"),
    pens=("#1F4E79", "#AB842B", "#4E2616", "#62988F", "#6B6642", "#8175B3"),
)

NIGHT: Final = Tokens(
    name="night",
    window="#1D1F22",
    panel="#25282C",
    field="#17191B",
    raised="#2F3338",
    plot="#17191B",
    line="#3E444B",
    line_strong="#767E87",
    text_1="#E4E7EA",
    text_2="#B3B9C0",
    text_3="#9BA3AC",
    live="#9CC7F2",
    accent="#8FB7C9",
    on_accent="#101214",
    selection="#2C4763",
    band="#3A444E",
    band_strong="#4F5D6A",
    run="#B3B9C0",
    stop="#4A5159",
    priority_fills=("#EB002F", "#FF9C1A", "#FFFAAD", "#B45CE0"),
    priority_inks=("#FFFFFF", "#101214", "#101214", "#101214"),
    pens=("#8CB8E8", "#96573B", "#E7C1AF", "#4860C2", "#8FA335", "#C97997"),
)

FAMILIES: Final = ("Inter", "Noto Sans", "Segoe UI", "Noto Sans CJK SC", "DejaVu Sans")

AXIS, CAPTION, BODY, NAME, BAR_VALUE, KPI, KPI_LARGE, WALLBOARD = 11, 12, 13, 14, 17, 22, 30, 84
"""Type sizes in pixels; nothing below 11."""

REGULAR, MEDIUM, SEMIBOLD, BOLD = (
    QFont.Weight.Normal,
    QFont.Weight.Medium,
    QFont.Weight.DemiBold,
    QFont.Weight.Bold,
)


def font(size: int, weight: QFont.Weight = REGULAR) -> QFont:
    """Return the interface font in pixels with tabular figures: 1111 is as wide as 8888."""
    made = QFont()
    made.setFamilies(list(FAMILIES))
    made.setPixelSize(size)
    made.setWeight(weight)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def palette(tokens: Tokens) -> QPalette:
    """Return the Fusion palette of a theme; no system accent colour is followed."""
    made = QPalette()
    role = QPalette.ColorRole
    plain = {
        role.Window: tokens.panel,
        role.WindowText: tokens.text_1,
        role.Base: tokens.field,
        role.AlternateBase: tokens.raised,
        role.Text: tokens.text_1,
        role.PlaceholderText: tokens.text_3,
        role.Button: tokens.panel,
        role.ButtonText: tokens.text_1,
        role.BrightText: tokens.text_1,
        role.Highlight: tokens.selection,
        role.HighlightedText: tokens.text_1,
        role.ToolTipBase: tokens.raised,
        role.ToolTipText: tokens.text_1,
        role.Link: tokens.live,
        role.LinkVisited: tokens.live,
        role.Accent: tokens.accent,
        role.Light: tokens.raised,
        role.Midlight: tokens.raised,
        role.Mid: tokens.line,
        role.Dark: tokens.line_strong,
        role.Shadow: tokens.line_strong,
    }
    for each, colour in plain.items():
        made.setColor(each, QColor(colour))
    for each in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, each, QColor(tokens.text_3))
    return made


def style_sheet(tokens: Tokens) -> str:
    """Return the sheet for named objects, with the tokens of a theme put in."""
    values = {name: getattr(tokens, name) for name in tokens.__slots__}
    return Template(resources.read_text("styles", "controls.qss")).substitute(values)


class Theme(QObject):
    """The theme of the running application; switching is one call and emits one signal."""

    changed = Signal()

    def __init__(self, application: QApplication, tokens: Tokens = DAY) -> None:
        super().__init__(application)
        self._application = application
        self.tokens = tokens
        application.setStyle("Fusion")
        application.setFont(font(BODY))
        self._apply()

    def use(self, tokens: Tokens) -> None:
        """Show these tokens everywhere."""
        if tokens is self.tokens:
            return
        self.tokens = tokens
        self._apply()
        self.changed.emit()

    def toggle(self) -> None:
        """Go from day to night or back."""
        self.use(NIGHT if self.tokens is DAY else DAY)

    def _apply(self) -> None:
        self._application.setPalette(palette(self.tokens))
        self._application.setStyleSheet(style_sheet(self.tokens))


def application_theme() -> Theme:
    """Return the theme that belongs to the running application; day until something else is chosen."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        raise RuntimeError("a theme needs a running application")
    found = application.findChild(Theme)
    return found if found is not None else Theme(application)
