"""Screens show the words of text tags, never their numbers [ACQ-2]."""

from collections.abc import Sequence
from uuid import UUID

from domain.plant.readings import reading_batch
from domain.plant.tags import Tag, TagDtype, TagKind
from services.text_words import TextWords
from ui.screens.readings import UNREAD, Readings

RECIPE = Tag(UUID(int=1), 1, "recipe", "Recipe", TagKind.STATE, "1", UUID(int=9), dtype=TagDtype.TEXT)


def stored(numbers: Sequence[int]) -> dict[int, str]:
    return {number: "PET 1.0 l" for number in numbers if number == 7}


def late(numbers: Sequence[int]) -> dict[int, str]:
    return dict.fromkeys(numbers, "LATE")


def shown(texts: TextWords, number: float, *, quality: int = 0) -> str:
    batch = reading_batch([1], [number], quality=quality, source_us=1, receive_us=1)
    return Readings(batch, now_us=1, is_simulated=False, texts=texts).shown(RECIPE).text


def test_words_come_with_the_next_look_and_stay() -> None:
    texts = TextWords()
    assert shown(texts, 7.0) == UNREAD
    texts.fetch(stored)
    assert shown(texts, 7.0) == "PET 1.0 l"


def test_a_text_not_stored_yet_is_asked_for_again() -> None:
    texts = TextWords()
    assert shown(texts, 8.0) == UNREAD
    texts.fetch(stored)
    assert shown(texts, 8.0) == UNREAD
    texts.fetch(late)
    assert shown(texts, 8.0) == "LATE"


def test_a_bad_text_shows_as_bad() -> None:
    assert shown(TextWords(), 7.0, quality=2) not in ("PET 1.0 l", UNREAD)
