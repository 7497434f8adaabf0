"""Texts as devices send them, made such that every place that keeps or shows them can."""

import re
from typing import Final

_NO_CHARACTER: Final = re.compile("[\x00\ud800-\udfff]")
"""NUL ends a text for some databases; half a surrogate pair is no text in UTF-8 at all."""

_REPLACEMENT: Final = "\ufffd"


def clean_text(words: str | bytes) -> str:
    """Return a text with the replacement mark for whatever is no character; bytes are to be UTF-8."""
    if isinstance(words, bytes):
        words = words.decode("utf-8", "surrogateescape")
    return _NO_CHARACTER.sub(_REPLACEMENT, words)
