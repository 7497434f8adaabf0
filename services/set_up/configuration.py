"""Setting up the plant by hand: every change is permitted, audited, versioned and can be undone [SET-1].

A change is an ``Edit``: what was there before and what is there after, for each thing it touched. Undoing is
a change of its own, possible while nobody touched the same things since.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import UUID

from domain.condition.alarms import AlarmRule
from domain.errors import RuleViolation
from domain.instants import Clock
from domain.plant.assets import Asset, MeasurementPoint
from domain.plant.bearings import BearingGeometry, BearingType, is_same
from domain.plant.keeping import KeepingDays
from domain.plant.plant import Plant, SiteSettings
from domain.plant.tags import Connection, Tag
from domain.plant.wiring import untied, wired
from domain.roles import Actor, Permission
from domain.units import unit
from services.access import require
from services.contests import contested
from storage.repositories.drafts import Draft
from storage.repositories.plant import Rows
from storage.store import Store, UnitOfWork

Thing = Asset | MeasurementPoint | Connection | Tag | AlarmRule | SiteSettings | KeepingDays | BearingType
T = TypeVar("T", Asset, MeasurementPoint, Connection, Tag, AlarmRule, BearingType)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing before and after a change: None before it was made, None after it was removed.

    ``along`` is what a removed thing took with it and brings back: what was learned at a point, what the
    former values of a tag meant.
    """

    before: Thing | None
    after: Thing | None
    along: Rows = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """A change as a person made it; ``title_key`` names it for the undo bar.

    ``is_undone_unused_only``: a whole plant goes again only while nothing was collected for it.
    """

    title_key: str
    steps: tuple[Step, ...]
    is_undone_unused_only: bool = False

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

    def rules(self) -> tuple[AlarmRule, ...]:
        """Return the limits as stored."""
        return self._store.alarm_rules.all()

    def edit(
        self, *, save: Sequence[Thing] = (), remove: Sequence[Thing] = (), title_key: str, by: Actor
    ) -> Edit:
        """Store and take out things in one transaction, all or none.

        ``save`` in an order of parents first, ``remove`` of parents last. A new tag has key 0 and gets its
        own. Points are tied to new tags that plainly belong to them and let go of removed ones. Raises
        NotPermitted, Conflict when somebody was faster, ConfigurationError for a thing that cannot be as it
        is, and RuleViolation when something still needs a thing to be removed.
        """
        with self._changing(by) as work:
            change = _Change(work)
            for thing in save:
                change.save(thing)
            if any(isinstance(thing, Tag) for thing in save):
                change.tie_points()
            change.untie_points(remove)
            for thing in remove:
                change.remove(thing)
        return Edit(title_key, change.steps)

    def undo(self, edit: Edit, *, by: Actor) -> Edit:
        """Bring back what was before; Conflict when somebody changed one of the things since.

        RuleViolation when something needs a thing that would go.
        """
        require(by, Permission.CONFIGURE)
        if edit.is_undone_unused_only:
            self._refuse_used([tag.key for tag in edit.made(Tag)])
        with self._changing(by) as work:
            _refuse_running([step.after for step in edit.steps if step.before is None], work)
            steps = [_undone(work, step) for step in reversed(edit.steps)]
        return Edit("undo", tuple(steps), edit.is_undone_unused_only)

    def _refuse_used(self, tag_keys: Sequence[int]) -> None:
        """Refuse to take out values of which anything was collected."""
        collected = len(stored_keys(self._store, tag_keys))
        if collected:
            raise RuleViolation(
                f"{collected} of these values were collected since; the plant can no longer be taken back",
                key="collected_since",
                count=collected,
            )

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
        with contested(self._store, by=by, act="change"), self._store.unit_of_work(by) as work:
            yield work


def stored_keys(store: Store, tag_keys: Sequence[int]) -> set[int]:
    """Return under which of these keys values or waveforms are stored."""
    with closing(store.open_history_reader()) as history:
        last = history.last_values(tag_keys)
    with closing(store.open_waveforms()) as kept:
        return {*last.tag_key[last.source_us > 0].tolist()} | ({*kept.tag_keys()} & {*tag_keys})


class _Change:
    """The steps of one edit inside its transaction; a thing touched twice is one step."""

    def __init__(self, work: UnitOfWork) -> None:
        self._work = work
        self._before = _things_by_id(work.plant.load(), work.alarm_rules.all())
        self._steps: dict[UUID, Step] = {}

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(self._steps.values())

    def save(self, thing: Thing) -> None:
        if isinstance(thing, Tag):
            unit(thing.unit)  # refuses what is not declared, with its reason
            if thing.key == 0:
                thing = replace(thing, key=self._work.plant.next_tag_key())
        self._steps[thing.id] = Step(self._before.get(thing.id), _save(self._work, thing))

    def tie_points(self) -> None:
        """Tie points to tags that plainly belong to them."""
        for point in wired(self._work.plant.load()):
            self.save(point)

    def untie_points(self, removed: Sequence[Thing]) -> None:
        """Let points that stay go of tags that leave."""
        leaving = {thing.id for thing in removed}
        keys = {thing.key for thing in removed if isinstance(thing, Tag)}
        for point in untied(self._work.plant.load().points, keys):
            if point.id not in leaving:
                self.save(point)

    def remove(self, thing: Thing) -> None:
        self._steps[thing.id] = Step(thing, None, _remove(self._work, thing))


def _things_by_id(plant: Plant, rules: Sequence[AlarmRule]) -> dict[UUID, Thing]:
    everything: tuple[Sequence[Thing], ...] = (
        plant.assets, plant.points, plant.connections, plant.tags, rules, (plant.settings,),
        (plant.keeping,),
    )  # fmt: skip
    return {thing.id: thing for things in everything for thing in things}


def _save(work: UnitOfWork, thing: Thing) -> Thing:
    if isinstance(thing, Asset):
        return work.plant.save_asset(thing)
    if isinstance(thing, MeasurementPoint):
        return work.plant.save_point(thing)
    if isinstance(thing, Connection):
        return work.plant.save_connection(thing)
    if isinstance(thing, AlarmRule):
        return work.alarm_rules.save(thing)
    if isinstance(thing, BearingType):
        return work.bearings.add(thing)
    if isinstance(thing, KeepingDays):
        work.plant.save_keeping_days(thing)
        return thing
    if isinstance(thing, SiteSettings):
        work.plant.save_site(zone=thing.zone, site_name=thing.name)
        return thing
    return work.plant.save_tag(thing)


def _remove(work: UnitOfWork, thing: Thing) -> Rows:
    """Take a thing out and return what went along with it."""
    if isinstance(thing, MeasurementPoint):
        return work.plant.remove_point(thing)
    if isinstance(thing, Tag):
        return work.plant.remove_tag(thing)
    if isinstance(thing, Asset):
        work.plant.remove_asset(thing)
    elif isinstance(thing, Connection):
        work.plant.remove_connection(thing)
    elif isinstance(thing, AlarmRule):
        work.alarm_rules.remove(thing)
    elif isinstance(thing, BearingType):
        work.bearings.remove(thing)
    else:
        raise TypeError("a plant always has a name, a time zone and days of keeping")
    return ()


def _bring_back(work: UnitOfWork, thing: Thing, along: Rows) -> Thing:
    """Store a removed thing anew with what went along with it."""
    if isinstance(thing, MeasurementPoint):
        return work.plant.bring_back_point(thing, along)
    if isinstance(thing, Tag):
        return work.plant.bring_back_tag(thing, along)
    return _save(work, replace(thing, version=1))


def _refuse_running(leaving: Sequence[Thing | None], work: UnitOfWork) -> None:
    """Refuse to take out bearings while points run in them."""
    bearings = [thing for thing in leaving if isinstance(thing, BearingType)]
    if not bearings:
        return
    going = {thing.id for thing in leaving if isinstance(thing, MeasurementPoint)}
    points = (point for point in work.plant.load().points if point.id not in going)
    running = [point.bearing for point in points if point.bearing is not None]
    count = sum(any(_is_of(own, bearing) for bearing in bearings) for own in running)
    if count:
        raise RuleViolation(
            f"{count} points run in these bearings", key="still_used", what="points", count=count
        )


def _is_of(own: BearingGeometry, bearing: BearingType) -> bool:
    wanted = bearing.geometry
    return own.designation.casefold() == wanted.designation.casefold() and is_same(own, wanted)


def _undone(work: UnitOfWork, step: Step) -> Step:
    """Undo one step; the version that the change left must still be the stored one."""
    if step.after is None:
        assert step.before is not None
        return Step(None, _bring_back(work, step.before, step.along))
    if step.before is None:
        return Step(step.after, None, _remove(work, step.after))
    return Step(step.after, _save(work, replace(step.before, version=step.after.version)))
