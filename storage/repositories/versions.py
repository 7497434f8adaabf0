"""Writing an aggregate by version compare: nobody overwrites what he has not seen."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Table, delete, insert, select, update

from domain.errors import Conflict, NotFound
from domain.instants import iso_utc
from storage.unit_of_work import Transaction


def write_version(
    work: Transaction, table: Table, row: Mapping[str, object], *, kind: str, version: int, key: str = "id"
) -> int:
    """Insert the row or update it when ``version`` is still the stored one; return the new version.

    ``version`` is the one the caller read; 1 for a new row. Conflict names who changed it meanwhile and when,
    NotFound says that the row was removed. The change is noted for the feed.
    """
    column = table.c[key]
    found = work.connection.execute(
        select(table.c.version, table.c.changed_by, table.c.changed_us).where(column == row[key])
    ).one_or_none()
    if found is None and version != 1:
        raise NotFound(f"{kind} {row[key]} was removed meanwhile", key="row_gone", kind=kind)
    if found is not None and found.version != version:
        raise conflict(kind, row[key], by=found.changed_by, at_us=found.changed_us)
    new = 1 if found is None else version + 1
    values = dict(row) | work.stamp() | {"version": new}
    if found is None:
        work.connection.execute(insert(table), values)
    else:
        work.connection.execute(update(table).where(column == row[key]).values(values))
    identity = row[key]
    if isinstance(identity, UUID):
        work.changed(kind, identity, new)
    return new


def remove_version(work: Transaction, table: Table, identity: UUID, *, kind: str, version: int) -> None:
    """Take a row out while ``version`` is still the stored one; errors as ``write_version``."""
    found = work.connection.execute(select(table).where(table.c.id == identity)).one_or_none()
    if found is None:
        raise NotFound(f"{kind} {identity} was removed meanwhile", key="row_gone", kind=kind)
    if found.version != version:
        raise conflict(kind, identity, by=found.changed_by, at_us=found.changed_us)
    work.connection.execute(delete(table).where(table.c.id == identity))
    work.changed(kind, identity, version + 1)
    work.audited("remove", kind, identity, row=dict(found._asdict()))


def conflict(kind: str, identity: object, *, by: str, at_us: int) -> Conflict:
    """Return the Conflict that tells who was faster."""
    return Conflict(
        f"{kind} {identity} was changed by {by or 'somebody'} at {iso_utc(at_us)}; look again and repeat",
        key="conflict",
        kind=kind,
        id=identity,
        by=by,
        at=at_us,
    )
