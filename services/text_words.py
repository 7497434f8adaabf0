"""The words behind the numbers of text tags, for screens that must not wait for a database."""

import threading
from collections.abc import Callable, Sequence

Fetch = Callable[[Sequence[int]], dict[int, str]]
"""Reads words by their numbers; slow, for the database lane."""


class TextWords:
    """Answers from memory; what was asked for and is not known yet is read with the next ``fetch``."""

    def __init__(self) -> None:
        self._known: dict[int, str] = {}
        self._wanted: set[int] = set()
        self._lock = threading.Lock()

    def word(self, number: float) -> str | None:
        """Return the text of a number, None until it was read."""
        key = int(number)
        found = self._known.get(key)
        if found is None:
            with self._lock:
                self._wanted.add(key)
        return found

    def fetch(self, read: Fetch) -> None:
        """Read what was asked for; a number that is not stored yet is asked for again."""
        with self._lock:
            wanted, self._wanted = sorted(self._wanted), set()
        if wanted:
            self._known.update(read(wanted))
