"""What somebody has typed and not sent yet, kept for each machine while its sheet is shut."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from domain.condition.evidence import MissReason, ObservationKind
from services.report_drafts import OBSERVATION

Begun = tuple[str, UUID]
"""A kind of report and the machine that it is about."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was: now, or so many minutes before it was chosen.

    Now that was typed and kept has its instant too: it does not wander with the clock.
    """

    minutes_ago: int = 0
    at_us: int | None = None

    def over(self, kept: "Moment") -> "Moment":
        """Return the moment that was chosen here, else the one that was kept."""
        return self if self.minutes_ago else kept

    def at(self, now_us: int) -> "Moment":
        """Return the moment with its instant; ``now_us`` is the one of now."""
        return self if self.at_us is not None else replace(self, at_us=now_us)

    def to_plain(self) -> dict[str, Any]:
        """Return JSON data."""
        return {"minutes_ago": self.minutes_ago, "at_us": self.at_us}


@dataclass(frozen=True, slots=True)
class ObservationDraft:
    """An observation not sent yet."""

    kind: ObservationKind | None = None
    point_id: UUID | None = None
    text: str = ""
    when: Moment = Moment()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said yet."""
        return self.kind is None and not self.text.strip()

    def over(self, kept: "ObservationDraft") -> "ObservationDraft":
        """Return what was kept with what was said here in its place."""
        has_kind, has_text = self.kind is not None, bool(self.text.strip())
        if not has_kind and not has_text:
            return kept
        if (has_kind or kept.kind is None) and (has_text or not kept.text.strip()):
            return self
        return ObservationDraft(
            self.kind if has_kind else kept.kind,
            self.point_id or kept.point_id,
            self.text if has_text else kept.text,
            self.when.over(kept.when),
        )

    def to_plain(self) -> dict[str, Any]:
        """Return JSON data, nothing while nothing was said."""
        if self.is_empty:
            return {}
        return {
            "kind": None if self.kind is None else self.kind.value,
            "point_id": None if self.point_id is None else str(self.point_id),
            "text": self.text,
            "when": self.when.to_plain(),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], *, kept_us: int) -> "ObservationDraft":
        """Return the draft as it was kept."""
        return cls(
            None if plain["kind"] is None else ObservationKind(plain["kind"]),
            None if plain["point_id"] is None else UUID(plain["point_id"]),
            plain["text"],
            Moment(**plain["when"]).at(kept_us),
        )


@dataclass(frozen=True, slots=True)
class LineDraft:
    """One line of a round not sent yet; a ``reason`` says that it could not be measured."""

    words: str = ""
    unit: str = ""
    note: str = ""
    reason: MissReason | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to send."""
        return not self.words.strip() and self.reason is None

    def to_plain(self) -> dict[str, Any]:
        """Return JSON data."""
        reason = None if self.reason is None else self.reason.value
        return {"words": self.words, "unit": self.unit, "note": self.note, "reason": reason}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "LineDraft":
        """Return the line as it was kept."""
        reason = None if plain["reason"] is None else MissReason(plain["reason"])
        return cls(plain["words"], plain["unit"], plain["note"], reason)


@dataclass(frozen=True, slots=True)
class RoundDraft:
    """A round not sent yet: its lines by tag key."""

    when: Moment = Moment()
    lines: Mapping[int, LineDraft] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether no line is begun."""
        return not self.lines

    def over(self, kept: "RoundDraft") -> "RoundDraft":
        """Return what was kept with the lines begun here in their place."""
        if kept.lines.keys() <= self.lines.keys():
            return self
        return RoundDraft(self.when.over(kept.when), {**kept.lines, **self.lines})

    def to_plain(self) -> dict[str, Any]:
        """Return JSON data, nothing while no line is begun."""
        if self.is_empty:
            return {}
        lines = {str(key): line.to_plain() for key, line in self.lines.items()}
        return {"when": self.when.to_plain(), "lines": lines}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], *, kept_us: int) -> "RoundDraft":
        """Return the round as it was kept."""
        lines = {int(key): LineDraft.from_plain(line) for key, line in plain["lines"].items()}
        return cls(Moment(**plain["when"]).at(kept_us), lines)


@dataclass(slots=True)
class ReportingDrafts:
    """Everything begun and not sent in a window, by machine.

    ``waited_since`` says when what another window left was kept, until somebody goes on with it.
    ``is_read`` says that it was brought back: before, nothing is kept in its place.
    ``unkept`` says when what is not known to be kept changed last.
    """

    observations: dict[UUID, ObservationDraft] = field(default_factory=dict)
    rounds: dict[UUID, RoundDraft] = field(default_factory=dict)
    waited_since: dict[Begun, int] = field(default_factory=dict)
    unkept: dict[Begun, int] = field(default_factory=dict)
    is_read: bool = False

    def draft(self, begun: Begun) -> ObservationDraft | RoundDraft:
        """Return what was begun, an empty draft for nothing."""
        kind, machine_id = begun
        if kind == OBSERVATION:
            return self.observations.get(machine_id, ObservationDraft())
        return self.rounds.get(machine_id, RoundDraft())

    def plain(self, begun: Begun) -> dict[str, Any]:
        """Return what was begun as JSON data, nothing for nothing; now is when it changed last."""
        draft = self.draft(begun)
        if begun in self.unkept:
            draft = replace(draft, when=draft.when.at(self.unkept[begun]))
        return draft.to_plain()

    def bring_back(self, begun: Begun, content: Mapping[str, Any], *, kept_us: int) -> None:
        """Take up what was kept; what was typed here meanwhile is newer.

        KeyError, TypeError or ValueError for what another version kept.
        """
        kind, machine_id = begun
        if kind == OBSERVATION:
            seen = self.observations.get(machine_id, ObservationDraft())
            self.observations[machine_id] = seen.over(ObservationDraft.from_plain(content, kept_us=kept_us))
        else:
            read = self.rounds.get(machine_id, RoundDraft())
            self.rounds[machine_id] = read.over(RoundDraft.from_plain(content, kept_us=kept_us))

    @classmethod
    def of(cls, kept: MutableMapping[str, object]) -> "ReportingDrafts":
        """Return the drafts of a window, which outlive its screens."""
        found = kept.setdefault(cls.__name__, cls())
        assert isinstance(found, cls)
        return found
