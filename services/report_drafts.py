"""What somebody began to report and has not sent: kept for him at his workstation [ACQ-5, ACQ-6].

Each person has one row a workstation, machine and kind, used again and again: what was sent leaves no trail.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from domain.errors import NotFound
from domain.identifiers import derived_id
from domain.roles import Actor, Permission
from services.access import require
from storage.repositories.drafts import Draft
from storage.store import Store, UnitOfWork

OBSERVATION: Final = "observation"
ROUND: Final = "round"
_PERMISSIONS: Final[Mapping[str, Permission]] = {
    OBSERVATION: Permission.OBSERVE,
    ROUND: Permission.RECORD_READING,
}


@dataclass(frozen=True, slots=True)
class ReportDraft:
    """``content`` is plain JSON data of its sheet, empty when nothing is begun.

    ``kept_us`` is 0 before it was kept.
    """

    kind: str
    machine_id: UUID
    content: Mapping[str, Any]
    kept_us: int = 0


class ReportDrafts:
    """Use cases of half-written reports; for the database lane."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begun(self, *, by: Actor) -> tuple[ReportDraft, ...]:
        """Return what a person began at this workstation and has not sent."""
        own = _owner(by)
        return tuple(
            ReportDraft(each.kind, UUID(each.content["machine"]), each.content["typed"], each.changed_us)
            for each in self._store.drafts.open_ones()
            if each.kind in _PERMISSIONS and each.content.get("owner") == own
        )

    def keep(self, drafts: Iterable[ReportDraft], *, by: Actor) -> None:
        """Keep what is typed in one transaction; what is empty is put away. NotPermitted names who may."""
        with self._store.unit_of_work(by) as work:
            for draft in drafts:
                require(by, _PERMISSIONS[draft.kind])
                keep_in(work, draft, by=by)


def keep_in(work: UnitOfWork, draft: ReportDraft, *, by: Actor) -> None:
    """Keep a draft, or put it away, together with what else is written."""
    row_id = _row_id(draft, by)
    try:
        before = work.drafts.get(row_id)
    except NotFound:
        if not draft.content:
            return
        before = Draft(row_id, draft.kind, "")
    content = {"owner": _owner(by), "machine": str(draft.machine_id), "typed": dict(draft.content)}
    work.drafts.save(replace(before, content=content, is_open=bool(draft.content)))


def _owner(by: Actor) -> str:
    return f"{by.user_id}@{by.workstation}"


def _row_id(draft: ReportDraft, by: Actor) -> UUID:
    """Return the id of the one row: it says nothing of time, since it outlives what is written into it."""
    named = f"{draft.kind} {draft.machine_id} {_owner(by)}"
    return derived_id(hashlib.sha256(named.encode()).digest(), at_ms=0)
