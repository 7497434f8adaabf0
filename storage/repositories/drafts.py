"""Drafts: what somebody is setting up and has not applied yet. They keep themselves and survive a restart."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from domain.errors import NotFound
from storage.repositories.versions import write_version
from storage.schema.records import drafts
from storage.unit_of_work import Session


@dataclass(frozen=True, slots=True)
class Draft:
    """Work in progress: ``content`` is plain JSON data of the screen that made it."""

    id: UUID
    kind: str
    title: str
    content: Mapping[str, Any] = field(default_factory=dict)
    is_open: bool = True
    version: int = 1
    changed_us: int = 0
    changed_by: str = ""


class DraftRepository:
    """One row per draft, changed by version compare."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def open_ones(self) -> tuple[Draft, ...]:
        """Return the drafts that are neither applied nor thrown away, the newest first."""
        query = select(drafts).where(drafts.c.is_open).order_by(drafts.c.changed_us.desc())
        with self._session.reading() as connection:
            return tuple(_draft_of(row._asdict()) for row in connection.execute(query))

    def get(self, draft_id: UUID) -> Draft:
        """Return one draft, also a closed one; NotFound when there is none."""
        with self._session.reading() as connection:
            row = connection.execute(select(drafts).where(drafts.c.id == draft_id)).one_or_none()
        if row is None:
            raise NotFound(f"draft {draft_id} is gone", key="row_gone", kind="draft")
        return _draft_of(row._asdict())

    def save(self, draft: Draft) -> Draft:
        """Insert or update; Conflict when somebody else works on the same draft."""
        work = self._session.transaction
        row = {
            "id": draft.id,
            "kind": draft.kind,
            "title": draft.title,
            "content": dict(draft.content),
            "is_open": draft.is_open,
        }
        new = write_version(work, drafts, row, kind="draft", version=draft.version)
        return replace(draft, version=new, changed_us=work.at_us, changed_by=work.writer)


def _draft_of(row: Mapping[str, Any]) -> Draft:
    return Draft(**row)
