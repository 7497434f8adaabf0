"""Every complaint about a set-up file has words, the same in English as on the console [UI-3]."""

from string import Formatter

import pytest

from domain.errors import ConfigurationError
from storage.setup_check import SENTENCES, Place
from storage.setup_file import read_set_up
from ui.text import error_words


@pytest.mark.parametrize("key", SENTENCES)
def test_a_complaint_reads_on_the_screen_as_on_the_console(key: str) -> None:
    """The words are made by key and values, so that a translation has them all."""
    names = [name for _, name, _, _ in Formatter().parse(SENTENCES[key]) if name]
    of_section = key in ("section_unknown", "no_list", "zone", "days")
    place = Place("tags") if of_section else Place("tags", 3, "L1.FIL.T")
    complaint = place.complaint(key, **{name: f"<{name}>" for name in names})
    assert error_words(complaint) == str(complaint)
    untold = ConfigurationError("untold", key=complaint.key, **complaint.parameters)
    assert error_words(untold) == str(complaint)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "jidoka set-up", "version": 9}'])
def test_a_file_that_is_no_set_up_says_so_in_words(text: str) -> None:
    (complaint,) = read_set_up(text).complaints
    untold = ConfigurationError("untold", key=complaint.key, **complaint.parameters)
    assert _plain(error_words(untold)) == _plain(str(complaint))


def _plain(sentence: str) -> str:
    return sentence.lower().replace(". ", "; ").removesuffix(".")
