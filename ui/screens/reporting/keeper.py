"""What is typed in the sheets of reporting keeps itself, and a closed or crashed window brings it back."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final
from uuid import UUID

from domain.instants import MICROSECONDS_PER_SECOND
from domain.roles import Actor
from services.report_drafts import OBSERVATION, ROUND, ReportDraft, ReportDrafts
from services.workstation import Workstation
from ui.context import Context
from ui.screens.reporting.drafts import Begun, ObservationDraft, ReportingDrafts, RoundDraft

Changes = Mapping[Begun, int]
"""What changed, and when it did last in microseconds UTC."""

log = logging.getLogger(__name__)

KEEP_AFTER_S: Final = 1.0
TRY_AGAIN_AFTER_S: Final = 5.0


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
        self._is_failing = False
        if drafts.unkept:
            self._be_due_in(TRY_AGAIN_AFTER_S)
        if not drafts.is_read:
            drafts.is_read = True
            work = partial(self._service.begun, by=workstation.actor)
            context.tasks.run(work, done=self._take, failed=context.show_problem)

    def note(self, kind: str, machine_id: UUID) -> None:
        """Something was typed or sent at a machine."""
        begun = (kind, machine_id)
        self._drafts.waited_since.pop(begun, None)
        self._drafts.unkept[begun] = self._context.clock.now_us()
        self._be_due_in(KEEP_AFTER_S)

    def _be_due_in(self, seconds: float) -> None:
        self._due_us = self._context.clock.now_us() + round(seconds * MICROSECONDS_PER_SECOND)

    def keep_if_due(self, now_us: int) -> None:
        """Keep what was left alone for a moment."""
        if self._due_us is not None and now_us >= self._due_us:
            self.keep()

    def keep(self) -> None:
        """Keep everything that changed and is not known to be kept."""
        self._due_us = None
        changed = dict(self._drafts.unkept)
        if not changed:
            return
        drafts = [ReportDraft(*begun, self._drafts.plain(begun)) for begun in sorted(changed, key=str)]
        work = partial(self._keep_all, drafts, changed, by=self._workstation.actor)
        self._context.tasks.run(work, done=self._kept, failed=self._not_kept, outlives_window=True)

    def _keep_all(self, drafts: list[ReportDraft], changed: Changes, *, by: Actor) -> Changes:
        self._service.keep(drafts, by=by)
        return changed

    def _kept(self, changed: Changes) -> None:
        """What changed again meanwhile waits for its own turn."""
        self._is_failing = False
        unkept = self._drafts.unkept
        for begun in [each for each, at_us in changed.items() if unkept.get(each) == at_us]:
            del unkept[begun]

    def _not_kept(self, error: BaseException) -> None:
        """Try again; say it once, not after every word: what is typed stays in the window."""
        if self._due_us is None:
            self._be_due_in(TRY_AGAIN_AFTER_S)
        if not self._is_failing:
            self._is_failing = True
            self._context.show_problem(error)

    def _take(self, found: tuple[ReportDraft, ...]) -> None:
        """Bring back what waits; what was typed here meanwhile is newer."""
        for each in found:
            try:
                self._take_one(each)
            except (KeyError, TypeError, ValueError):
                log.exception("a half-written %s is of another version and stays where it is", each.kind)
        self._brought_back()

    def _take_one(self, found: ReportDraft) -> None:
        machine_id = found.machine_id
        if found.kind == OBSERVATION and machine_id not in self._drafts.observations:
            self._drafts.observations[machine_id] = ObservationDraft.from_plain(found.content)
        elif found.kind == ROUND and machine_id not in self._drafts.rounds:
            self._drafts.rounds[machine_id] = RoundDraft.from_plain(found.content)
        else:
            return
        self._drafts.waited_since[found.kind, machine_id] = found.kept_us
