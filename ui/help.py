"""Help in the operator's words: a page per screen, and all keys from the one table of keys."""

from PySide6.QtWidgets import QTextBrowser

import resources
from ui.shortcuts import keys_page
from ui.text import tr
from ui.theme import BODY, font


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
        self.verticalScrollBar().setObjectName("bar")
        self.setAccessibleName(tr("Help", "Help"))

    def show_page(self, page: str) -> None:
        """Show a page from its beginning."""
        self.setMarkdown(help_text(page))
