"""The draft of one device: every change can be taken back, and it keeps itself after the last one."""

from collections.abc import Callable
from functools import partial
from typing import Final

from domain.instants import MICROSECONDS_PER_SECOND
from services.set_up.link_draft import LinkDraft
from services.set_up.plant_setup import Draft, PlantSetup
from ui.context import Context

KEEP_AFTER_S: Final = 1.0
MOST_UNDO: Final = 200


class DraftKeeper:
    """Holds the present draft; ``changed`` is called after a change, ``kept`` or ``failed`` after keeping."""

    def __init__(
        self,
        setup: PlantSetup,
        context: Context,
        *,
        changed: Callable[[], None],
        kept: Callable[[], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._setup, self._context = setup, context
        self._changed, self._was_kept, self._failed = changed, kept, failed
        self._past: list[LinkDraft] = []
        self._future: list[LinkDraft] = []
        self._draft: LinkDraft | None = None
        self._kept: Draft | None = None
        self._due_us: int | None = None
        self._is_keeping = False
        self._waiting: LinkDraft | None = None
        """What is to be kept when the state before it is."""
        self._is_unwanted = False

    @property
    def draft(self) -> LinkDraft:
        """The draft as it is now; AssertionError before one was begun."""
        assert self._draft is not None
        return self._draft

    @property
    def is_open(self) -> bool:
        return self._draft is not None

    @property
    def kept_us(self) -> int | None:
        """When it was last kept, None when it was not yet."""
        return None if self._kept is None else self._kept.changed_us

    def begin(self, draft: LinkDraft, kept: Draft | None = None) -> None:
        """Take up a draft, a fresh one or one that was kept; the one before is kept or put away by now."""
        self._past, self._future = [], []
        self._draft, self._kept, self._due_us = draft, kept, None
        self._changed()

    def change(self, draft: LinkDraft, *, is_step: bool = True) -> None:
        """Go on with another draft; ``is_step`` False for what nobody would take back, such as a match."""
        if draft == self._draft:
            return
        if is_step:
            self._past = [*self._past, self.draft][-MOST_UNDO:]
            self._future = []
        self._draft = draft
        self._due_us = self._context.clock.now_us() + round(KEEP_AFTER_S * MICROSECONDS_PER_SECOND)
        self._changed()

    def undo(self) -> None:
        """Go back to the draft before."""
        self._go(self._past, self._future)

    def redo(self) -> None:
        """Go forth again."""
        self._go(self._future, self._past)

    def _go(self, source: list[LinkDraft], target: list[LinkDraft]) -> None:
        if source:
            target.append(self.draft)
            draft = source.pop()
            self.change(draft, is_step=False)

    def keep_if_due(self, now_us: int) -> None:
        """Keep the draft when it was left alone for a moment."""
        if self._due_us is not None and now_us >= self._due_us:
            self._keep()

    def leave(self) -> None:
        """Keep what is not kept yet and let go."""
        if self._due_us is not None:
            self._keep()
        self._draft = None

    def put_away(self) -> None:
        """Let go of a draft that was stored or is not wanted any more."""
        self._draft, self._due_us, self._waiting = None, None, None
        if self._is_keeping:
            self._is_unwanted = True
        elif self._kept is not None:
            self._close(self._kept)

    def _keep(self) -> None:
        """Keep the draft; while it is being kept the newest state waits for its turn."""
        self._due_us = None
        if self.draft.is_empty:
            return
        if self._is_keeping:
            self._waiting = self.draft
            return
        self._store(self.draft)

    def _store(self, draft: LinkDraft) -> None:
        self._is_keeping = True
        work = partial(self._keep_content, draft, before=self._kept)
        self._context.tasks.run(work, done=self._on_kept, failed=self._on_failed, outlives_window=True)

    def _keep_content(self, draft: LinkDraft, *, before: Draft | None) -> Draft:
        """In the database lane: thousands of values take a while to be written out."""
        return self._setup.keep_draft(draft.to_plain(), title=draft.name.strip(), before=before)

    def _on_kept(self, kept: Draft) -> None:
        self._is_keeping = False
        if self._is_unwanted:
            self._is_unwanted = False
            self._close(kept)
            return
        if self._draft is None or str(self._draft.id) == kept.content["id"]:
            self._kept = kept
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._store(waiting)
        elif self._draft is not None:
            self._was_kept()

    def _on_failed(self, problem: BaseException) -> None:
        self._is_keeping = self._is_unwanted = False
        self._failed(problem)

    def _close(self, kept: Draft) -> None:
        self._kept = None
        self._context.tasks.run(partial(self._setup.close_draft, kept), failed=self._failed)
