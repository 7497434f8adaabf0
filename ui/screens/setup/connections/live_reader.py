"""Reads the values of a draft again and again while step 3 is in front."""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from domain.instants import MICROSECONDS_PER_SECOND
from domain.plant.plant import Plant
from services.set_up.link_draft import LinkDraft
from services.set_up.link_values import ChosenValue
from services.set_up.probing import ProbedValue
from services.workstation import Workstation
from ui.formatting import Presentation
from ui.screens.setup.connections.live_values import (
    probe_tags,
    probed_words,
    stored_tags,
    stored_words,
    unread,
)
from ui.screens.setup.connections.probe_desk import ProbeDesk
from ui.tasks import Ticket
from ui.text import error_words

READ_EVERY_S: Final = 2.0
NOT_READ: Final = Presentation("\u2026")


class LiveReader:
    """``changed`` is called when a value or the problem of reading is another one."""

    def __init__(self, workstation: Workstation, desk: ProbeDesk, *, changed: Callable[[], None]) -> None:
        self._workstation, self._desk, self._changed = workstation, desk, changed
        self._words: dict[UUID, Presentation] = {}
        self._asked: tuple[ChosenValue, ...] = ()
        self._due_us = 0
        self._question: Ticket | None = None
        self.problem = ""
        """Why the device cannot be read now, in words."""

    def begin(self) -> None:
        """Forget another device."""
        self._words, self._asked, self._due_us = {}, (), 0
        self._question, self.problem = None, ""

    def words_of(self, value: ChosenValue) -> Presentation:
        """Return the present value."""
        return Presentation("\u2013") if value.is_sampled else self._words.get(value.id, NOT_READ)

    def ask_soon(self) -> None:
        """Read with the next look: something about the values has changed."""
        self._due_us = 0

    def look(self, draft: LinkDraft, plant: Plant, *, now_us: int) -> None:
        """Read what is due; the collector's values come at once, the device's when it answers."""
        if now_us < self._due_us:
            return
        self._due_us = now_us + round(READ_EVERY_S * MICROSECONDS_PER_SECOND)
        own = unread(draft.values, plant)
        asked = {value.id for value in own}
        tags = {key: tag for key, tag in stored_tags(draft.values, plant).items() if key not in asked}
        live, texts = self._workstation.live, self._workstation.texts
        self._words |= stored_words(tags, live, now_us=now_us, texts=texts)
        if own and not self._is_waiting and not draft.answers.problems:
            self._ask(draft, own)
        self._changed()

    @property
    def _is_waiting(self) -> bool:
        """Whether an answer may still come: a question that was forgotten is asked again."""
        return self._question is not None and not self._question.is_cancelled

    def _ask(self, draft: LinkDraft, values: Sequence[ChosenValue]) -> None:
        self._asked = tuple(values)
        self._desk.look_at(draft.connection)
        self._question = self._desk.read(probe_tags(values, draft.connection), self._take, failed=self._fail)

    def _take(self, found: tuple[ProbedValue, ...]) -> None:
        self._question, self.problem = None, ""
        pairs = zip(self._asked, found, strict=True)
        self._words |= {value.id: probed_words(value, probed) for value, probed in pairs}
        self._changed()

    def _fail(self, problem: BaseException) -> None:
        self._question, self.problem = None, error_words(problem)
        for value in self._asked:
            self._words[value.id] = Presentation("\u2013 \u2013", is_hatched=True, tip=self.problem)
        self._changed()
