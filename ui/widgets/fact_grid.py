"""Facts with their names at the left, one below the other."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel

from ui.theme import CAPTION
from ui.widgets.panel import label


class FactGrid(QGridLayout):
    """``captions`` by the keys of the facts, for those that hide a fact with its name."""

    def __init__(self, facts: Mapping[str, QLabel], names: Mapping[str, str]) -> None:
        """``names`` words the facts, in reading order."""
        super().__init__()
        self.setHorizontalSpacing(12)
        self.setVerticalSpacing(5)
        self.setColumnStretch(1, 1)
        self.captions = {key: label(words, size=CAPTION, role="title") for key, words in names.items()}
        for row, (key, caption) in enumerate(self.captions.items()):
            self.addWidget(caption, row, 0, Qt.AlignmentFlag.AlignTop)
            self.addWidget(facts[key], row, 1)
            facts[key].setAccessibleName(names[key])
