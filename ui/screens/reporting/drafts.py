"""What somebody has typed and not sent yet, kept for each machine while its sheet is shut."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from uuid import UUID

from domain.condition.evidence import MissReason, ObservationKind


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was: now, or so many minutes before it was chosen."""

    minutes_ago: int = 0
    at_us: int | None = None


@dataclass(frozen=True, slots=True)
class ObservationDraft:
    """An observation not sent yet."""

    kind: ObservationKind | None = None
    point_id: UUID | None = None
    text: str = ""
    when: Moment = Moment()


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


@dataclass(frozen=True, slots=True)
class RoundDraft:
    """A round not sent yet: its lines by tag key."""

    when: Moment = Moment()
    lines: Mapping[int, LineDraft] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReportingDrafts:
    """Everything begun and not sent in a window, by machine."""

    observations: dict[UUID, ObservationDraft] = field(default_factory=dict)
    rounds: dict[UUID, RoundDraft] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: MutableMapping[str, object]) -> "ReportingDrafts":
        """Return the drafts of a window, which outlive its screens."""
        found = kept.setdefault(cls.__name__, cls())
        assert isinstance(found, cls)
        return found
