"""One offscreen application for all screen tests; each test leaves the theme at day."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication

from ui.theme import DAY, Theme, application_theme


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    QLocale.setDefault(QLocale(QLocale.Language.English))
    found = application_theme()
    yield found
    found.use(DAY)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures go: JIDOKA_PICTURES keeps them, else the test's own folder."""
    chosen = Path(os.environ.get("JIDOKA_PICTURES", tmp_path))
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen
