"""One offscreen application for all screen tests; each test leaves the theme at day."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication

from ui.theme import DAY, Theme, application_theme


@pytest.fixture(autouse=True, scope="module")
def _no_widgets_left_over() -> Iterator[None]:
    """What comes after the tests of a file may collect garbage in any of its threads."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def _garbage_in_the_main_thread_only() -> Iterator[None]:
    """As in a window: a collection in the database lane would delete widgets there, and crash later on."""
    gc.disable()
    yield
    gc.enable()
    gc.collect(1)


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
