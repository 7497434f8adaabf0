"""Words with numbers in them: English has two forms, a translation as many as its language."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QLocale, QTranslator

from ui.text import tr_n


class Polish(QTranslator):
    """A language with three forms, as a compiled catalogue would answer."""

    def translate(self, context: str, source: str, disambiguation: str | None = None, n: int = -1) -> str:
        if source != "{count} values":
            return ""
        few = n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14)
        form = "warto\u015b\u0107" if n == 1 else "warto\u015bci" if few else "warto\u015bci (wiele)"
        return f"{{count}} {form}"

    def isEmpty(self) -> bool:
        return False


@pytest.fixture
def polish(qapp: QCoreApplication) -> Iterator[None]:
    translator = Polish()
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


def values(count: int) -> str:
    return tr_n("Link", "{count} value", "{count} values", count=count)


@pytest.mark.parametrize(("count", "words"), [(0, "0 values"), (1, "1 value"), (2, "2 values")])
def test_english_tells_one_from_many(count: int, words: str) -> None:
    assert values(count) == words


def test_a_number_is_written_as_the_locale_does() -> None:
    assert values(12_345) == f"{QLocale().toString(12_345)} values"


@pytest.mark.parametrize("count", [2**31 - 1, 2**31, 2_400_000_000, 10**15])
def test_a_count_of_years_is_no_overflow(count: int) -> None:
    assert values(count) == f"{QLocale().toString(count)} values"


@pytest.mark.usefixtures("polish")
@pytest.mark.parametrize(
    ("count", "words"),
    [(1, "1 warto\u015b\u0107"), (3, "3 warto\u015bci"), (5, "5 warto\u015bci (wiele)")],
)
def test_a_translation_has_as_many_forms_as_its_language(count: int, words: str) -> None:
    assert values(count) == words
