"""The plant's set-up: assets, points, tags, connections and the site's own settings."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, func, insert, select, update
from sqlalchemy import Connection as SqlConnection

from domain.errors import ConfigurationError, NotFound, RuleViolation
from domain.plant.assets import Asset, MeasurementPoint
from domain.plant.keeping import KeepingDays
from domain.plant.plant import Plant
from domain.plant.tags import Connection, Tag
from storage.repositories import plant_rows as rows
from storage.repositories.versions import remove_version, write_version
from storage.schema.condition import (
    alarm_rules,
    baselines,
    manual_readings,
    missed_readings,
    observations,
)
from storage.schema.plant import assets, connections, points, tag_revisions, tags
from storage.schema.records import counters, identity, settings
from storage.unit_of_work import Session

_ZONE, _SITE_NAME, _KEEPING = "site.zone", "site.name", "site.keeping"
_TAG_KEYS = "tag_key"

Rows = tuple[Mapping[str, object], ...]
"""What went with a thing that was removed, as stored."""


class PlantRepository:
    """Loads the whole plant as one value; saves its parts one by one or all at once."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def load(self) -> Plant:
        """Return the set-up as stored, read in one snapshot."""
        with self._session.reading() as connection:
            site = {row["key"]: row["value"] for row in _rows(connection, settings, settings.c.key)}
            return Plant(
                assets=tuple(
                    rows.asset_of(row) for row in _rows(connection, assets, assets.c.sort_order, assets.c.id)
                ),
                points=tuple(
                    rows.point_of(row) for row in _rows(connection, points, points.c.sort_order, points.c.id)
                ),
                tags=tuple(rows.tag_of(row) for row in _rows(connection, tags, tags.c.tag_key)),
                connections=tuple(
                    rows.connection_of(row) for row in _rows(connection, connections, connections.c.name)
                ),
                zone=str(site.get(_ZONE, "UTC")),
                site_name=str(site.get(_SITE_NAME, "")),
                keeping=rows.keeping_of(site.get(_KEEPING, {})),
            )

    def is_empty(self) -> bool:
        """Say whether nothing has been set up yet."""
        with self._session.reading() as connection:
            first = (
                connection.execute(select(table.c.id).limit(1)).first() for table in (assets, connections)
            )
            return not any(first)

    def save_asset(self, asset: Asset) -> Asset:
        """Insert or update by version compare; return it with its new version."""
        return replace(asset, version=self._save(assets, rows.asset_row(asset), "asset", asset.version))

    def save_point(self, point: MeasurementPoint) -> MeasurementPoint:
        """Insert or update by version compare; return it with its new version."""
        return replace(point, version=self._save(points, rows.point_row(point), "point", point.version))

    def save_connection(self, connection: Connection) -> Connection:
        """Insert or update by version compare; return it with its new version."""
        row = rows.connection_row(connection)
        return replace(connection, version=self._save(connections, row, "connection", connection.version))

    def set_connection_options(self, connection_id: UUID, options: Mapping[str, object]) -> Connection:
        """Replace the driver options of a connection, whatever its version (the demo's ports of today)."""
        stored = self._one(connections, connection_id, "connection")
        return self.save_connection(replace(rows.connection_of(stored), options=dict(options)))

    def save_tag(self, tag: Tag) -> Tag:
        """Insert or update by version compare; a changed unit, scale, address or dtype opens a revision."""
        work = self._session.transaction
        found = work.connection.execute(select(tags).where(tags.c.id == tag.id)).one_or_none()
        stored = None if found is None else rows.tag_of(found._asdict())
        saved = tag if stored is None else replace(tag, revision=_next_revision(stored, tag))
        saved = replace(saved, version=self._save(tags, rows.tag_row(saved), "tag", tag.version))
        if stored is None:
            raise_tag_keys(work.connection, saved.key)
        if stored is None or saved.revision != stored.revision:
            row = rows.revision_row(saved, opened_us=work.at_us, opened_by=work.writer)
            work.connection.execute(insert(tag_revisions), row)
        return saved

    def next_tag_key(self) -> int:
        """Return a key that no tag ever had: history knows values by it for ever."""
        connection = self._session.transaction.connection
        greatest = connection.execute(select(func.max(tags.c.tag_key))).scalar() or 0
        key = max(greatest, last_tag_key(connection)) + 1
        raise_tag_keys(connection, key)
        return key

    def remove_asset(self, asset: Asset) -> None:
        """Take an asset out; RuleViolation while something belongs to it, Conflict after another's change."""
        uses = (
            ("assets", assets.c.parent_id),
            ("points", points.c.asset_id),
            ("tags", tags.c.asset_id),
            ("alarm limits", alarm_rules.c.asset_id),
            ("observations", observations.c.asset_id),
        )
        self._remove(assets, asset.id, asset.version, "asset", uses)

    def remove_point(self, point: MeasurementPoint) -> Rows:
        """Take a point out with what was learned there, and return that for ``bring_back_point``.

        RuleViolation while tags or observations belong to it, Conflict after another's change.
        """
        uses = (("tags", tags.c.point_id), ("observations", observations.c.point_id))
        work = self._session.transaction.connection
        for what, column in uses:
            _refuse_used(work, column, point.id, kind="point", what=what)
        learned = _taken_out(work, baselines, baselines.c.point_id == point.id)
        self._remove(points, point.id, point.version, "point", ())
        return learned

    def bring_back_point(self, point: MeasurementPoint, learned: Rows) -> MeasurementPoint:
        """Store a removed point anew with what was learned there, of the age that it had."""
        saved = self.save_point(replace(point, version=1))
        work = self._session.transaction
        for row in learned:
            work.connection.execute(insert(baselines), {**row})
            work.changed("baseline", point.id, int(str(row["version"])))
        return saved

    def remove_connection(self, connection: Connection) -> None:
        """Take a link out; RuleViolation while tags are read over it, Conflict after another's change."""
        uses = (("tags", tags.c.connection_id), ("alarm limits", alarm_rules.c.connection_id))
        self._remove(connections, connection.id, connection.version, "connection", uses)

    def remove_tag(self, tag: Tag) -> Rows:
        """Take a tag out; its history stays under its key, which is never given again.

        Returns what its values meant, revision by revision, for ``bring_back_tag``. RuleViolation while an
        alarm limit watches it or a person reported it, Conflict after another's change.
        """
        work = self._session.transaction.connection
        for what, column in (
            ("alarm limits", alarm_rules.c.tag_key),
            ("readings", manual_readings.c.tag_key),
            ("missed readings", missed_readings.c.tag_key),
        ):
            _refuse_used(work, column, tag.key, kind="tag", what=what)
        raise_tag_keys(work, tag.key)
        revisions = _taken_out(work, tag_revisions, tag_revisions.c.tag_key == tag.key)
        self._remove(tags, tag.id, tag.version, "tag", ())
        return revisions

    def bring_back_tag(self, tag: Tag, revisions: Rows) -> Tag:
        """Store a removed tag anew with the meaning of its former values."""
        saved = self.save_tag(replace(tag, version=1))
        if revisions:
            work = self._session.transaction.connection
            work.execute(delete(tag_revisions).where(tag_revisions.c.tag_key == tag.key))
            work.execute(insert(tag_revisions), [{**row} for row in revisions])
        return saved

    def _remove(
        self,
        table: Table,
        identity_value: UUID,
        version: int,
        kind: str,
        uses: Sequence[tuple[str, ColumnElement[Any]]],
    ) -> None:
        work = self._session.transaction
        for what, column in uses:
            _refuse_used(work.connection, column, identity_value, kind=kind, what=what)
        remove_version(work, table, identity_value, kind=kind, version=version)

    def tag_revisions(self, tag_key: int) -> tuple[Mapping[str, object], ...]:
        """Return what the tag's values meant, revision by revision, oldest first."""
        query = select(tag_revisions).where(tag_revisions.c.tag_key == tag_key)
        with self._session.reading() as connection:
            return tuple(
                row._asdict() for row in connection.execute(query.order_by(tag_revisions.c.revision))
            )

    def changed_units(self) -> dict[int, dict[int, str]]:
        """Return the unit of each revision, by tag key, of the tags that have had more than one unit."""
        several = (
            select(tag_revisions.c.tag_key)
            .group_by(tag_revisions.c.tag_key)
            .having(func.count(tag_revisions.c.unit.distinct()) > 1)
        )
        query = select(tag_revisions.c.tag_key, tag_revisions.c.revision, tag_revisions.c.unit)
        found: dict[int, dict[int, str]] = {}
        with self._session.reading() as connection:
            for key, revision, unit in connection.execute(query.where(tag_revisions.c.tag_key.in_(several))):
                found.setdefault(key, {})[revision] = unit
        return found

    def save_site(self, *, zone: str, site_name: str) -> None:
        """Set the plant's time zone (IANA name) and its name."""
        for key, value in ((_ZONE, zone), (_SITE_NAME, site_name)):
            self.save_setting(key, value)

    def keeping_days(self) -> KeepingDays:
        """Return how long the plant keeps what it records."""
        return rows.keeping_of(self.setting(_KEEPING, {}))

    def save_keeping_days(self, days: KeepingDays) -> None:
        """Set how long the plant keeps what it records; ConfigurationError for days that cannot be."""
        if days.complaints:
            raise ConfigurationError(
                f"these days cannot be: {', '.join(days.complaints)}", key="days_wrong", days=days.complaints
            )
        self.save_setting(_KEEPING, rows.keeping_row(days))
        self._session.transaction.changed("keeping", days.id, 1)

    def setting(self, key: str, default: object = None) -> object:
        """Return a setting's value (plain JSON data)."""
        with self._session.reading() as connection:
            found = connection.execute(select(settings.c.value).where(settings.c.key == key)).one_or_none()
        return default if found is None else found[0]

    def save_setting(self, key: str, value: object) -> None:
        """Set one setting; the last writer wins, and the audit log knows each."""
        work = self._session.transaction
        version = work.connection.execute(
            select(settings.c.version).where(settings.c.key == key)
        ).scalar_one_or_none()
        row = {"key": key, "value": value}
        new = write_version(work, settings, row, kind="setting", version=version or 1, key="key")
        plant_id = work.connection.execute(select(identity.c.plant_id)).scalar_one()
        work.changed("setting", plant_id, new)
        work.audited("save", "setting", plant_id, key=key, value=value)

    def import_plant(self, plant: Plant) -> tuple[Asset | MeasurementPoint | Connection | Tag, ...]:
        """Write a whole set-up into an empty or matching database, in the caller's one transaction.

        Rows that exist are brought to the given content whatever their version; nothing is removed. Returns
        the things as they are stored, each after those that it needs.
        """
        _refuse_doubles(plant)
        self.save_site(zone=plant.zone, site_name=plant.site_name)
        if plant.keeping != self.keeping_days():
            self.save_keeping_days(plant.keeping)
        return (
            *(
                self.save_asset(replace(asset, version=self._stored_version(assets, asset.id)))
                for asset in _parents_first(plant.assets)
            ),
            *(
                self.save_point(replace(point, version=self._stored_version(points, point.id)))
                for point in plant.points
            ),
            *(
                self.save_connection(replace(each, version=self._stored_version(connections, each.id)))
                for each in plant.connections
            ),
            *(self.save_tag(replace(tag, version=self._stored_version(tags, tag.id))) for tag in plant.tags),
        )

    def _save(self, table: Table, row: dict[str, object], kind: str, version: int) -> int:
        work = self._session.transaction
        new = write_version(work, table, row, kind=kind, version=version)
        identity_value = row["id"]
        assert isinstance(identity_value, UUID)
        detail = {name: value for name, value in row.items() if name not in ("id", "version")}
        work.audited("create" if new == 1 else "change", kind, identity_value, version=new, row=detail)
        return new

    def _one(self, table: Table, identity_value: UUID, kind: str) -> rows.Row:
        with self._session.reading() as connection:
            found = connection.execute(select(table).where(table.c.id == identity_value)).one_or_none()
        if found is None:
            raise NotFound(f"{kind} {identity_value} is not in the plant", key="row_gone", kind=kind)
        return {**found._asdict()}

    def _stored_version(self, table: Table, identity_value: UUID) -> int:
        query = select(table.c.version).where(table.c.id == identity_value)
        with self._session.reading() as connection:
            return connection.execute(query).scalar_one_or_none() or 1


def _taken_out(connection: SqlConnection, table: Table, condition: ColumnElement[bool]) -> Rows:
    rows = tuple(row._asdict() for row in connection.execute(select(table).where(condition)))
    connection.execute(delete(table).where(condition))
    return rows


def last_tag_key(connection: SqlConnection) -> int:
    """Return the greatest key that is known to have been given to a tag, 0 before the first."""
    query = select(counters.c.last).where(counters.c.name == _TAG_KEYS)
    return int(connection.execute(query).scalar() or 0)


def raise_tag_keys(connection: SqlConnection, key: int) -> None:
    """Let the next tag get a key above this one; what was above it stays so."""
    if key <= last_tag_key(connection):
        return
    raised = connection.execute(update(counters).where(counters.c.name == _TAG_KEYS).values(last=key))
    if raised.rowcount == 0:
        connection.execute(insert(counters), {"name": _TAG_KEYS, "last": key})


def _refuse_used(
    connection: SqlConnection, column: ColumnElement[Any], value: object, *, kind: str, what: str
) -> None:
    count = connection.execute(select(func.count()).where(column == value)).scalar_one()
    if count:
        raise RuleViolation(
            f"this {kind} is still used by {count} {what}; remove or change those first",
            key="still_used",
            kind=kind,
            what=what,
            count=count,
        )


def _rows(connection: SqlConnection, table: Table, *order: ColumnElement[Any]) -> list[dict[str, Any]]:
    return [row._asdict() for row in connection.execute(select(table).order_by(*order))]


def _next_revision(stored: Tag, changed: Tag) -> int:
    return stored.revision + 1 if stored.opens_revision(changed) else stored.revision


def _parents_first(items: tuple[Asset, ...]) -> list[Asset]:
    waiting, placed, ordered = list(items), set[UUID](), list[Asset]()
    known = {asset.id for asset in items}
    while waiting:
        ready = [
            a for a in waiting if a.parent_id is None or a.parent_id in placed or a.parent_id not in known
        ]
        if not ready:
            raise ConfigurationError(
                f"assets {[a.code for a in waiting]} are parents of each other in a circle"
            )
        ordered += ready
        placed |= {asset.id for asset in ready}
        waiting = [asset for asset in waiting if asset.id not in placed]
    return ordered


def _refuse_doubles(plant: Plant) -> None:
    keys, named = [str(tag.key) for tag in plant.tags], [tag.name for tag in plant.tags]
    for what, names in (("tag key", keys), ("tag name", named)):
        doubles = sorted(name for name, count in Counter(names).items() if count > 1)
        if doubles:
            raise ConfigurationError(f"{what} given twice: {', '.join(doubles)}", key="tag_given_twice")
