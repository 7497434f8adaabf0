"""Words of text tags: each distinct text gets a number once, and history stores the number."""

import threading
from collections.abc import Mapping
from typing import Final

from domain.texts import clean_text
from storage.sql import SqlConnection

LONGEST: Final = 1000
MOST: Final = 100_000
TOO_MANY: Final = 0
"""Number of every text beyond the limit: a device that counts in words must not fill the disk."""


class TextBook:
    """Numbers by text; safe from the loop that asks and the lane that stores."""

    def __init__(self, known: Mapping[int, str]) -> None:
        self._numbers = {body: number for number, body in known.items()}
        self._new: dict[int, str] = {}
        self._next = max(known, default=TOO_MANY) + 1
        self._lock = threading.Lock()

    def number_of(self, text: str) -> int:
        """Return the number of a text, a new one for a text never seen."""
        body = clean_text(text[:LONGEST])
        with self._lock:
            number = self._numbers.get(body)
            if number is not None:
                return number
            if len(self._numbers) >= MOST:
                return TOO_MANY
            number = self._next
            self._next += 1
            self._numbers[body] = number
            self._new[number] = body
            return number

    def new(self) -> dict[int, str]:
        """Return the texts that are not stored yet."""
        with self._lock:
            return dict(self._new)

    def stored(self, texts: Mapping[int, str]) -> None:
        """Take note that these are durable."""
        with self._lock:
            for number in texts:
                self._new.pop(number, None)


def stored_texts(connection: SqlConnection) -> dict[int, str]:
    """Return every stored text by its number."""
    return {int(number): str(body) for number, body in connection.execute("SELECT number, body FROM text")}
