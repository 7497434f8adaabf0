"""A device while it is being set up: what was typed and chosen so far, as one value to keep [SET-1]."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from domain.identifiers import new_id
from domain.plant.plant import Plant
from domain.plant.tags import Connection, ConnectionKind, TagKind
from services.set_up.link_forms import Answers, defaults_of, read_form, typed_of, with_options
from services.set_up.link_values import ChosenValue, place_key, value_of_tag

DEVICE, OFFER, VALUES = STEPS = ("device", "offer", "values")
"""Where it is, what it offers, what its values mean: the three steps."""


@dataclass(frozen=True, slots=True)
class LinkDraft:
    """``id`` is that of the connection to be; ``before`` the stored one that is being changed."""

    id: UUID
    kind: ConnectionKind = ConnectionKind.MODBUS_TCP
    name: str = ""
    typed: Mapping[str, str] = field(default_factory=dict)
    values: tuple[ChosenValue, ...] = ()
    step: str = DEVICE
    removed: tuple[UUID, ...] = ()
    """Stored values that are not wanted any more."""
    before: Connection | None = None

    @property
    def answers(self) -> Answers:
        """What was typed, read as options."""
        return read_form(self.kind, self.typed)

    @property
    def connection(self) -> Connection:
        """The connection as the draft stands; wrong fields are left out of its options."""
        options = self.answers.options
        if self.before is not None:
            return replace(self.before, name=self.name.strip(), options=with_options(self.before, options))
        return Connection(self.id, self.name.strip(), self.kind, options)

    @property
    def places(self) -> frozenset[tuple[object, ...]]:
        """Which places of the device are chosen."""
        return frozenset(place_key(value.address) for value in self.values)

    @property
    def is_empty(self) -> bool:
        """Whether nobody would miss it."""
        is_default = dict(self.typed) == defaults_of(self.kind)
        return self.before is None and is_default and not self.name and not self.values

    def of_kind(self, kind: ConnectionKind) -> "LinkDraft":
        """Return the draft of another kind of link; what both kinds ask for stays, values do not."""
        if kind is self.kind:
            return self
        fresh = defaults_of(kind)
        kept = {name: self.typed[name] for name in ("host", "unit") if name in fresh and self.typed.get(name)}
        return replace(self, kind=kind, typed=fresh | kept, values=())

    def with_values(self, values: Sequence[ChosenValue]) -> "LinkDraft":
        """Return the draft with each of these in the place of the one with its id, new ones at the end."""
        changed = {value.id: value for value in values}
        kept = tuple(changed.pop(value.id, value) for value in self.values)
        return replace(self, values=(*kept, *changed.values()))

    def without(self, ids: Sequence[UUID]) -> "LinkDraft":
        """Return the draft without these values; stored ones are noted as removed."""
        gone = frozenset(ids)
        kept = tuple(value for value in self.values if value.id not in gone)
        leaving = tuple(value.id for value in self.values if value.id in gone and value.version)
        return replace(self, values=kept, removed=(*self.removed, *leaving))

    def to_plain(self) -> dict[str, Any]:
        """Return JSON data."""
        return {
            "id": str(self.id),
            "kind": self.kind.value,
            "name": self.name,
            "typed": dict(self.typed),
            "values": [value.to_plain() for value in self.values],
            "step": self.step,
            "removed": [str(identity) for identity in self.removed],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], plant: Plant) -> "LinkDraft":
        """Return the draft as kept; a device that is stored meanwhile is the one that it changes.

        One that was removed meanwhile is new: its values, which wait or are gone, are anybody's.
        """
        identity = UUID(plain["id"])
        before = next((each for each in plant.connections if each.id == identity), None)
        values = tuple(ChosenValue.from_plain(value) for value in plain["values"])
        removed = tuple(UUID(each) for each in plain["removed"])
        if before is None:
            values, removed = tuple(replace(value, version=0) for value in values), ()
        kind, step = ConnectionKind(plain["kind"]), plain["step"]
        return cls(identity, kind, plain["name"], plain["typed"], values, step, removed, before)


def new_draft(kind: ConnectionKind = ConnectionKind.MODBUS_TCP) -> LinkDraft:
    """Return a fresh draft."""
    return LinkDraft(new_id(), kind, typed=defaults_of(kind))


def draft_of(connection: Connection, plant: Plant) -> LinkDraft:
    """Return a stored device as a draft, with its values."""
    brought = [tag for tag in plant.tags if tag.connection_id == connection.id]
    values = tuple(value_of_tag(tag) for tag in brought if tag.kind is not TagKind.DERIVED)
    return LinkDraft(
        connection.id,
        connection.kind,
        connection.name,
        typed_of(connection),
        values,
        VALUES,
        before=connection,
    )
