"""Help in the operator's words: a page per screen, and all keys from the one table of keys."""

from PySide6.QtGui import QTextCharFormat, QTextCursor, QTextFormat, QTextTable
from PySide6.QtWidgets import QTextBrowser

import resources
from ui.shortcuts import keys_page
from ui.text import tr
from ui.theme import BAR_VALUE, BODY, NAME, SEMIBOLD, font


def help_text(page: str) -> str:
    """Return a help page as Markdown; a page that is missing says so instead of failing."""
    try:
        words = resources.read_text("help", f"{page}.md")
    except FileNotFoundError:
        return tr("Help", "There is no help for this screen yet. Shift+F1 lists all keys.")
    return words + "\n" + keys_page() if page == "keys" else words


class HelpPage(QTextBrowser):
    """Shows one help page."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFont(font(BODY))
        self.setOpenLinks(False)
        self.setAccessibleName(tr("Help", "Help"))

    def show_page(self, page: str) -> None:
        """Show a page from its beginning."""
        self.setMarkdown(help_text(page))
        self._calm_headings()
        self._calm_tables()

    def _calm_headings(self) -> None:
        block = self.document().begin()
        while block.isValid():
            level = block.blockFormat().headingLevel()
            if level:
                cursor = QTextCursor(block)
                cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
                shape = QTextCharFormat()
                shape.setFont(font(BAR_VALUE if level == 1 else NAME, SEMIBOLD))
                shape.setProperty(QTextFormat.Property.FontSizeAdjustment, 0)
                cursor.mergeCharFormat(shape)
                spaced = block.blockFormat()
                spaced.setTopMargin(4 if level == 1 else 14)
                spaced.setBottomMargin(6)
                cursor.setBlockFormat(spaced)
            block = block.next()

    def _calm_tables(self) -> None:
        for frame in self.document().rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                shape = frame.format()
                shape.setBorder(0)
                shape.setCellPadding(3)
                shape.setCellSpacing(0)
                frame.setFormat(shape)
