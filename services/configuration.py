"""Setting up the plant by hand: every change is permitted, audited, versioned and can be undone [SET-1].

A change is an ``Edit``: what was there before and what is there after, for each thing it touched. Undoing is
a change of its own, possible while nobody touched the same things since.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import UUID

from domain.instants import Clock
from domain.plant.assets import Asset, MeasurementPoint
from domain.plant.plant import Plant
from domain.plant.tags import Connection, Tag
from domain.roles import Actor, Permission
from domain.units import unit
from services.access import require
from storage.repositories.drafts import Draft
from storage.store import Store, UnitOfWork

Thing = Asset | MeasurementPoint | Connection | Tag
T = TypeVar("T", Asset, MeasurementPoint, Connection, Tag)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing before and after a change: None before it was made, None after it was removed."""

    before: Thing | None
    after: Thing | None


@dataclass(frozen=True, slots=True)
class Edit:
    """A change as a person made it; ``title_key`` names it for the undo bar."""

    title_key: str
    steps: tuple[Step, ...]

    def made(self, kind: type[T]) -> tuple[T, ...]:
        """Return the things of a kind as they are after the change."""
        return tuple(step.after for step in self.steps if isinstance(step.after, kind))


class Configuration:
    """Use cases of setting up. Reads and writes the database, so it belongs to the database lane."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def plant(self) -> Plant:
        """Return the set-up as stored."""
        return self._store.plant.load()

    def save(self, things: Sequence[Thing], *, title_key: str, by: Actor) -> Edit:
        """Store new or changed things in one transaction, all or none; parents before what belongs to them.

        A new tag has key 0 and gets its own. Raises NotPermitted, Conflict when somebody was faster, and
        ConfigurationError for a thing that cannot be as it is.
        """
        with self._changing(by) as work:
            before = self._store.plant.load()
            return Edit(title_key, tuple(_saved(work, before, thing) for thing in things))

    def remove(self, things: Sequence[Thing], *, title_key: str, by: Actor) -> Edit:
        """Take things out in one transaction; RuleViolation names what still needs one of them."""
        with self._changing(by) as work:
            for thing in things:
                _remove(work, thing)
        return Edit(title_key, tuple(Step(thing, None) for thing in things))

    def undo(self, edit: Edit, *, by: Actor) -> Edit:
        """Bring back what was before; Conflict when somebody changed one of the things since."""
        with self._changing(by) as work:
            steps = [_undone(work, step) for step in reversed(edit.steps)]
        return Edit("undo", tuple(steps))

    # ---- drafts

    def drafts(self) -> tuple[Draft, ...]:
        """Return the drafts that wait to be finished, the newest first."""
        return self._store.drafts.open_ones()

    def save_draft(self, draft: Draft, *, by: Actor) -> Draft:
        """Keep work in progress; it is not audited, since nothing of it counts yet."""
        with self._changing(by) as work:
            return work.drafts.save(draft)

    def close_draft(self, draft: Draft, *, by: Actor) -> Draft:
        """Put a draft away that was applied or is no longer wanted."""
        return self.save_draft(replace(draft, is_open=False), by=by)

    @contextmanager
    def _changing(self, by: Actor) -> Iterator[UnitOfWork]:
        require(by, Permission.CONFIGURE)
        with self._store.unit_of_work(by) as work:
            yield work


def _saved(work: UnitOfWork, plant: Plant, thing: Thing) -> Step:
    before = _stored(plant, thing.id)
    if isinstance(thing, Tag):
        unit(thing.unit)  # refuses what is not declared, with its reason
        if thing.key == 0:
            thing = replace(thing, key=work.plant.next_tag_key())
    return Step(before, _save(work, thing))


def _save(work: UnitOfWork, thing: Thing) -> Thing:
    if isinstance(thing, Asset):
        return work.plant.save_asset(thing)
    if isinstance(thing, MeasurementPoint):
        return work.plant.save_point(thing)
    if isinstance(thing, Connection):
        return work.plant.save_connection(thing)
    return work.plant.save_tag(thing)


def _undone(work: UnitOfWork, step: Step) -> Step:
    """Undo one step; the version that the change left must still be the stored one."""
    if step.after is None:
        assert step.before is not None
        return Step(None, _save(work, replace(step.before, version=1)))
    if step.before is None:
        _remove(work, step.after)
        return Step(step.after, None)
    return Step(step.after, _save(work, replace(step.before, version=step.after.version)))


def _stored(plant: Plant, identity: UUID) -> Thing | None:
    everything: tuple[Sequence[Thing], ...] = (plant.assets, plant.points, plant.connections, plant.tags)
    for things in everything:
        for thing in things:
            if thing.id == identity:
                return thing
    return None


def _remove(work: UnitOfWork, thing: Thing) -> None:
    if isinstance(thing, Asset):
        work.plant.remove_asset(thing)
    elif isinstance(thing, MeasurementPoint):
        work.plant.remove_point(thing)
    elif isinstance(thing, Connection):
        work.plant.remove_connection(thing)
    else:
        work.plant.remove_tag(thing)
