"""What a person did while setting up, in order: undo and redo for as long as nobody else touched it [SET-1].

An undo gives things new versions. The older edits of the row are told, else the second undo in a row would
take the first one for somebody else's change.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from services.set_up.configuration import Edit, Step, Thing


@dataclass(frozen=True, slots=True)
class Act:
    """An edit with the name of what it was about; ``name`` is plant data, never translated."""

    edit: Edit
    title_key: str
    name: str = ""


class EditStack:
    """Plain lists of acts; ``undo`` and ``redo`` write with the given function, in the database lane."""

    def __init__(self) -> None:
        self._done: list[Act] = []
        self._undone: list[Act] = []

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    def push(self, act: Act) -> None:
        """Remember a new act; what was undone before can no longer be redone."""
        self._done.append(act)
        self._undone.clear()

    def undo(self, write: Callable[[Edit], Edit]) -> Act | None:
        """Take the newest act back and return it; None when there is none.

        An act that cannot be taken back (Conflict and others) is forgotten and the error raised.
        """
        return self._turn(self._done, self._undone, write)

    def redo(self, write: Callable[[Edit], Edit]) -> Act | None:
        """Do the act again that was taken back last; as ``undo``."""
        return self._turn(self._undone, self._done, write)

    def _turn(self, source: list[Act], target: list[Act], write: Callable[[Edit], Edit]) -> Act | None:
        if not source:
            return None
        act = source.pop()
        written = replace(act, edit=write(act.edit))
        for acts in (source, target):
            acts[:] = [replace(each, edit=_renewed(each.edit, written.edit)) for each in acts]
        target.append(written)
        return written


def _renewed(edit: Edit, written: Edit) -> Edit:
    """Return the edit with the versions that things have now, where they are what the edit left."""
    now = {step.after.id: step.after for step in written.steps if step.after is not None}
    return replace(edit, steps=tuple(_renewed_step(step, now) for step in edit.steps))


def _renewed_step(step: Step, now: Mapping[UUID, Thing]) -> Step:
    stored = None if step.after is None else now.get(step.after.id)
    if step.after is None or stored is None or replace(step.after, version=stored.version) != stored:
        return step
    return replace(step, after=stored)
