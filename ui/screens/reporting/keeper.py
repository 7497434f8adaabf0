"""What is typed in the sheets of reporting keeps itself, and a closed or crashed window brings it back."""

import logging
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Final
from uuid import UUID
from weakref import WeakMethod

from PySide6.QtCore import QTimer

from domain.instants import MICROSECONDS_PER_SECOND
from domain.roles import Actor
from services.report_drafts import ReportDraft, ReportDrafts
from services.workstation import Workstation
from ui.context import Context
from ui.screens.reporting.drafts import Begun, ReportingDrafts

Changes = Mapping[Begun, int]
"""What changed, and when it did last in microseconds UTC."""

log = logging.getLogger(__name__)

KEEP_AFTER_S: Final = 1.0
TRY_AGAIN_AFTER_S: Final = 5.0
MILLISECONDS_PER_SECOND: Final = 1000


class ReportKeeper:
    """Keeps a moment after the last key. ``brought_back`` is called once a window has read what waits."""

    def __init__(
        self,
        workstation: Workstation,
        context: Context,
        drafts: ReportingDrafts,
        *,
        brought_back: Callable[[], None],
    ) -> None:
        self._workstation, self._context, self._drafts = workstation, context, drafts
        self._brought_back = brought_back
        self._service = ReportDrafts(workstation.store)
        self._due_us: int | None = None
        self._is_waiting = False
        self._is_failing = False
        self._is_reading = False
        if not drafts.is_read:
            self._read()
        elif drafts.unkept:
            self._be_due_in(TRY_AGAIN_AFTER_S)

    def _read(self) -> None:
        if not self._is_reading:
            self._is_reading = True
            work = partial(self._service.begun, by=self._workstation.actor)
            self._context.tasks.run(work, done=self._take, failed=self._not_read)

    def note(self, kind: str, machine_id: UUID) -> None:
        """Something was typed or sent at a machine."""
        begun = (kind, machine_id)
        self._drafts.waited_since.pop(begun, None)
        self._drafts.unkept[begun] = self._context.clock.now_us()
        self._be_due_in(KEEP_AFTER_S)

    def _be_due_in(self, seconds: float) -> None:
        self._due_us = self._context.clock.now_us() + round(seconds * MICROSECONDS_PER_SECOND)
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        """Look again then, or earlier; also while nothing is drawn.

        No timer is owned here: a closed screen may be collected in any thread, and a timer must not be.
        """
        if not self._is_waiting:
            self._is_waiting = True
            wait_ms = math.ceil(min(seconds, KEEP_AFTER_S) * MILLISECONDS_PER_SECOND)
            QTimer.singleShot(wait_ms, self._context.events, partial(_ask, WeakMethod(self._on_time)))

    def _on_time(self) -> None:
        self._is_waiting = False
        now_us = self._context.clock.now_us()
        self._keep_if_due(now_us)
        if self._due_us is not None:
            self._wait((self._due_us - now_us) / MICROSECONDS_PER_SECOND)

    def _keep_if_due(self, now_us: int) -> None:
        """Keep what was left alone for a moment, but nothing over what was not read yet."""
        if self._due_us is None or now_us < self._due_us:
            return
        self._due_us = None
        if self._drafts.is_read:
            self.keep()
        else:
            self._read()

    def keep(self) -> None:
        """Keep everything that changed and is not known to be kept."""
        changed = dict(self._drafts.unkept)
        if not changed:
            return
        self._due_us = None
        drafts = [ReportDraft(*begun, self._drafts.plain(begun)) for begun in sorted(changed, key=str)]
        keep = self._keep_all if self._drafts.is_read else self._keep_over_unread
        work = partial(keep, drafts, changed, by=self._workstation.actor)
        self._context.tasks.run(work, done=self._kept, failed=self._not_kept, outlives_window=True)
        if not self._drafts.is_read:
            self._read()

    def keep_before_report(self) -> None:
        """Keep at once what is sent next: kept after its report it would stand there again."""
        if self._drafts.is_read:
            self.keep()

    def _keep_all(self, drafts: Iterable[ReportDraft], changed: Changes, *, by: Actor) -> Changes:
        self._service.keep(drafts, by=by)
        return changed

    def _keep_over_unread(self, drafts: Iterable[ReportDraft], changed: Changes, *, by: Actor) -> Changes:
        """Keep what was typed together with what waits and this window has not seen."""
        waiting = {(each.kind, each.machine_id): each for each in self._service.begun(by=by)}
        typed = [each for each in drafts if each.content]
        merged = [_over(each, waiting.get((each.kind, each.machine_id))) for each in typed]
        return self._keep_all(merged, changed, by=by)

    def _kept(self, changed: Changes) -> None:
        """What changed again meanwhile waits for its own turn."""
        self._is_failing = False
        unkept = self._drafts.unkept
        for begun in [each for each, at_us in changed.items() if unkept.get(each) == at_us]:
            del unkept[begun]

    def _not_kept(self, error: BaseException) -> None:
        self._try_again(error)

    def _not_read(self, error: BaseException) -> None:
        self._is_reading = False
        self._try_again(error)

    def _try_again(self, error: BaseException) -> None:
        """Say it once, not after every word: what is typed stays in the window."""
        if self._due_us is None:
            self._be_due_in(TRY_AGAIN_AFTER_S)
        if not self._is_failing:
            self._is_failing = True
            self._context.show_problem(error)

    def _take(self, found: tuple[ReportDraft, ...]) -> None:
        """Bring back what waits, and keep what was typed here meanwhile."""
        self._is_reading = self._is_failing = False
        if not self._drafts.is_read:
            self._drafts.is_read = True
            for each in found:
                with _of_another_version(each):
                    self._take_one(each)
            if self._drafts.unkept:
                self._be_due_in(KEEP_AFTER_S)
        self._brought_back()

    def _take_one(self, found: ReportDraft) -> None:
        begun = (found.kind, found.machine_id)
        typed = self._drafts.plain(begun)
        self._drafts.bring_back(begun, found.content, kept_us=found.kept_us)
        if self._drafts.plain(begun) != typed:
            self._drafts.waited_since[begun] = found.kept_us
        if not typed:
            self._drafts.unkept.pop(begun, None)


def _ask(method: "WeakMethod[Callable[[], None]]") -> None:
    """Call a method of somebody who may be gone."""
    found = method()
    if found is not None:
        found()


def _over(typed: ReportDraft, waiting: ReportDraft | None) -> ReportDraft:
    """Return what waits with what was typed in its place."""
    if waiting is None:
        return typed
    begun, both = (typed.kind, typed.machine_id), ReportingDrafts()
    both.bring_back(begun, typed.content, kept_us=typed.kept_us)
    with _of_another_version(waiting):
        both.bring_back(begun, waiting.content, kept_us=waiting.kept_us)
    return replace(typed, content=both.plain(begun))


@contextmanager
def _of_another_version(draft: ReportDraft) -> Iterator[None]:
    """Go on without a draft that this program does not understand."""
    try:
        yield
    except (KeyError, TypeError, ValueError):
        log.exception("a half-written %s is of another version and stays where it is", draft.kind)
